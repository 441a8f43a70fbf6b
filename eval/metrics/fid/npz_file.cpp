#include "eval/metrics/fid/npz_file.h"

#include <ATen/ATen.h>
#include <zip.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>

#include "core/atomic_file.h"
#include "core/error.h"
#include "eval/metrics/fid/npy_header.h"
#include "models/weights/pth/unreadable.h"
#include "models/weights/pth/zip_archive.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kExtension = ".npy";
constexpr std::uint64_t kLargestArray = std::uint64_t{4} << 30;
constexpr zip_uint16_t kFirstDay = 0x21;  // 1 January 1980 as zip files have it

at::Tensor array_of(const std::string& bytes) {
  const NpyHeader header = parse_npy_header(bytes);
  const std::uint64_t held = bytes.size() - header.size;
  if (header.data_bytes() != held) {
    throw UserError("it has {} bytes of numbers, its header says {}", held, header.data_bytes());
  }
  std::vector<std::int64_t> shape = header.shape;
  std::vector<std::int64_t> order(shape.size());
  std::iota(order.rbegin(), order.rend(), 0);
  if (header.columns_first) {
    std::reverse(shape.begin(), shape.end());
  }
  at::Tensor array = at::empty(shape, header.type);
  if (held > 0) {
    std::memcpy(array.mutable_data_ptr(), bytes.data() + header.size, held);
  }
  return header.columns_first ? array.permute(order).contiguous() : array;
}

[[noreturn]] void fail_to_pack(const fs::path& path, zip_error_t* error) {
  throw UserError("{} cannot be packed: {}", path.string(), zip_error_strerror(error));
}

struct FreeSource {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};

}  // namespace

NamedArrays read_npz(const fs::path& path, const std::vector<std::string>& names) {
  check_no_pipe(path);
  NamedArrays arrays;
  try {
    if (!fs::is_regular_file(path)) {
      throw UserError("{}: no such file", path.string());
    }
    const ZipArchive archive(path);
    for (const std::string& name : names) {
      if (!archive.has(name + kExtension)) {
        continue;
      }
      try {
        arrays.emplace_back(name, array_of(archive.read(name + kExtension, kLargestArray)));
      } catch (const UserError& error) {
        throw UserError("{}: array '{}': {}", path.string(), name, error.what());
      }
    }
  } catch (const UnreadableWeights& error) {
    throw UserError("{} is no .npz file that can be read: {}", path.string(), error.what());
  } catch (const fs::filesystem_error& error) {
    throw UserError("{}: {}", path.string(), error.code().message());
  }
  return arrays;
}

void write_npz(const NamedArrays& arrays, const fs::path& path) {
  zip_error_t error;
  zip_error_init(&error);
  const std::unique_ptr<zip_source_t, FreeSource> packed(zip_source_buffer_create(nullptr, 0, 0, &error));
  zip_t* archive = packed ? zip_open_from_source(packed.get(), ZIP_TRUNCATE, &error) : nullptr;
  if (archive == nullptr) {
    fail_to_pack(path, &error);
  }
  zip_source_keep(packed.get());  // the archive frees one hold, `packed` the other
  std::vector<std::string> contents;
  contents.reserve(arrays.size());
  for (const auto& [name, array] : arrays) {
    const at::Tensor plain = array.contiguous();
    std::string& bytes = contents.emplace_back(npy_header_text(plain.scalar_type(), plain.sizes().vec()));
    bytes.append(static_cast<const char*>(plain.const_data_ptr()), plain.nbytes());
    zip_source_t* entry = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t number = entry == nullptr ? -1 : zip_file_add(archive, (name + kExtension).c_str(), entry, 0);
    if (number < 0 || zip_set_file_compression(archive, static_cast<zip_uint64_t>(number), ZIP_CM_STORE, 0) != 0 ||
        zip_file_set_dostime(archive, static_cast<zip_uint64_t>(number), 0, kFirstDay, 0) != 0) {
      zip_discard(archive);
      throw UserError("{} cannot be packed: memory does not suffice", path.string());
    }
  }
  if (zip_close(archive) != 0) {
    zip_discard(archive);
    throw UserError("{} cannot be packed: memory does not suffice", path.string());
  }
  zip_stat_t stat;
  std::string bytes;
  if (zip_source_stat(packed.get(), &stat) != 0 || zip_source_open(packed.get()) != 0) {
    fail_to_pack(path, zip_source_error(packed.get()));
  }
  bytes.resize(stat.size);
  const zip_int64_t got = zip_source_read(packed.get(), bytes.data(), bytes.size());
  zip_source_close(packed.get());
  if (got != static_cast<zip_int64_t>(bytes.size())) {
    fail_to_pack(path, zip_source_error(packed.get()));
  }
  write_file_atomically(path, bytes);
}

}  // namespace samsr
