#include "data/shards/shard.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>

#include "core/checksum.h"
#include "core/error.h"
#include "data/shards/hdf5.h"
#include "data/shards/shard_layout.h"
#include "models/weights/printable.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

at::ScalarType type_of(hid_t stored, const std::string& name) {
  if (H5Tget_class(stored) == H5T_STRING && H5Tis_variable_str(stored) == 0) {
    return at::kByte;
  }
  for (const at::ScalarType type : {at::kByte, at::kHalf, at::kFloat, at::kUInt32, at::kUInt64}) {
    if (H5Tequal(stored, hdf5::stored_type(type)) > 0) {
      return type;
    }
  }
  throw std::runtime_error("dataset " + name + " has elements of a type that shards do not hold");
}

struct StoredDataset {
  ShardField field;
  std::uint64_t samples = 0;
};

/// Bytes of an array that must lie within a file; a hostile shape cannot overflow it.
std::size_t size_within(const std::vector<std::int64_t>& shape, std::size_t element, std::uint64_t file_bytes) {
  std::uint64_t bytes = element;
  for (const std::int64_t extent : shape) {
    if (extent <= 0 || static_cast<std::uint64_t>(extent) > file_bytes / bytes) {
      throw std::runtime_error("a dataset is empty or larger than the file");
    }
    bytes *= static_cast<std::uint64_t>(extent);
  }
  return bytes;
}

StoredDataset describe(hid_t file, const std::string& name, std::uint64_t file_bytes) {
  const hdf5::Id dataset = hdf5::open_dataset(file, name);
  const hdf5::Id stored(H5Dget_type(dataset), H5Tclose, name.c_str());
  std::vector<std::int64_t> shape = hdf5::shape(dataset);
  StoredDataset out;
  out.field.name = name;
  out.field.type = type_of(stored, name);
  out.field.text = H5Tget_class(stored) == H5T_STRING;
  if (out.field.text) {
    shape.push_back(static_cast<std::int64_t>(H5Tget_size(stored)));
  }
  const std::size_t total = size_within(shape, c10::elementSize(out.field.type), file_bytes);
  if (shape.size() < 2) {
    throw std::runtime_error("dataset " + name + " has no sample dimension");
  }
  out.samples = static_cast<std::uint64_t>(shape[0]);
  out.field.shape.assign(shape.begin() + 1, shape.end());
  out.field.bytes = total / out.samples;
  out.field.offset = hdf5::offset(dataset);
  if (out.field.offset > file_bytes || total > file_bytes - out.field.offset) {
    throw std::runtime_error("dataset " + name + " goes beyond the end of the file");
  }
  return out;
}

}  // namespace

std::string stored_type_name(at::ScalarType type) {
  switch (type) {
    case at::kByte:
      return "uint8";
    case at::kUInt32:
      return "uint32";
    case at::kUInt64:
      return "uint64";
    case at::kHalf:
      return "float16";
    default:
      return "float32";
  }
}

Shard::Shard(const fs::path& path) : path_(path) {
  std::error_code error;
  file_bytes_ = fs::file_size(path, error);
  if (error) {
    throw UserError("{}: the shard cannot be opened: {}", path.string(), error.message());
  }
  try {
    const hdf5::QuietErrors quiet;
    const hdf5::Id file = hdf5::open_file(path, false);
    const std::string format = hdf5::read_text(file, "format");
    if (format != kShardFormat) {
      throw std::runtime_error("its format is '" + printable(format) + "', expected " + std::string(kShardFormat));
    }
    header_.config = hdf5::read_text(file, "config");
    header_.content = hdf5::read_text(file, "content");
    header_.seed = hdf5::read_number(file, "seed");
    header_.first_index = hdf5::read_number(file, "first_index");
    header_.scale = hdf5::read_number(file, "scale");
    header_.tool = hdf5::read_text(file, "tool");

    const StoredDataset checksums = describe(file, std::string(kChecksumDataset), file_bytes_);
    const hdf5::Id table = hdf5::open_dataset(file, std::string(kChecksumDataset));
    const std::vector<std::string> names = hdf5::read_texts(table, "fields");
    checksum_offset_ = checksums.field.offset;
    samples_ = checksums.samples;
    if (checksums.field.type != at::kUInt32 ||
        checksums.field.shape != std::vector<std::int64_t>{static_cast<std::int64_t>(names.size())}) {
      throw std::runtime_error("its table of checksums has another shape than its list of fields");
    }
    if (header_.first_index > std::numeric_limits<std::uint64_t>::max() - samples_) {
      throw std::runtime_error("its first sample has the number " + std::to_string(header_.first_index));
    }
    for (const std::string& name : names) {
      if (printable(name) != name) {
        throw std::runtime_error("a dataset has the name '" + printable(name) + "'");
      }
      StoredDataset dataset = describe(file, name, file_bytes_);
      if (dataset.samples != samples_) {
        throw std::runtime_error("dataset " + name + " has another number of samples");
      }
      dataset.field.column = fields_.size();
      fields_.push_back(std::move(dataset.field));
    }
    check_layout(fields_, header_.scale);
  } catch (const std::runtime_error& reason) {
    throw UserError("{}: damaged, cut short, or not a shard ({} bytes; {}); build it again with `samsr data build`",
                    path.string(), file_bytes_, reason.what());
  }
}

bool may_be_torn_shard(const fs::path& path) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) {
    return false;
  }
  std::string begin(kSignature.size(), '\0');
  std::ifstream(path, std::ios::binary).read(begin.data(), static_cast<std::streamsize>(begin.size()));
  if (begin != kSignature) {
    return begin.find_first_not_of('\0') == std::string::npos;
  }
  const hdf5::QuietErrors quiet;
  std::optional<hdf5::Id> file;
  try {
    file.emplace(hdf5::open_file(path, false));
  } catch (const std::runtime_error&) {
    return true;
  }
  try {
    return hdf5::read_text(*file, "format").starts_with(kShardFormatName);
  } catch (const std::runtime_error&) {
    return false;
  }
}

const ShardField* Shard::find(std::string_view name) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const auto& f) { return f.name == name; });
  return found == fields_.end() ? nullptr : &*found;
}

std::uint32_t Shard::stored_checksum(const RandomAccessFile& file, const ShardField& field,
                                     std::uint64_t sample) const {
  std::uint32_t checksum = 0;
  const std::uint64_t cell = sample * fields_.size() + field.column;
  file.read_at(checksum_offset_ + cell * sizeof checksum, &checksum, sizeof checksum);
  return checksum;
}

bool Shard::read(const RandomAccessFile& file, const ShardField& field, std::uint64_t sample, void* out) const {
  file.read_at(field.offset + sample * field.bytes, out, field.bytes);
  const std::size_t length = field.text ? ::strnlen(static_cast<const char*>(out), field.bytes) : field.bytes;
  return crc32c(out, length) == stored_checksum(file, field, sample);
}

std::vector<std::uint32_t> Shard::checksums(const RandomAccessFile& file, std::uint64_t sample) const {
  std::vector<std::uint32_t> row(fields_.size());
  const std::size_t bytes = row.size() * sizeof(std::uint32_t);
  file.read_at(checksum_offset_ + sample * bytes, row.data(), bytes);
  return row;
}

std::uint32_t Shard::field_hash(const RandomAccessFile& file, const ShardField& field) const {
  std::uint32_t hash = 0;
  for (std::uint64_t sample = 0; sample < samples_; ++sample) {
    const std::uint32_t checksum = stored_checksum(file, field, sample);
    hash = crc32c(&checksum, sizeof checksum, hash);
  }
  return hash;
}

}  // namespace samsr
