#include "models/weights/pth/zip_archive.h"

#include <zip.h>

#include <algorithm>

#include "models/weights/printable.h"
#include "models/weights/pth/unreadable.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr zip_int64_t kMostEntries = 1'000'000;
/// Weights hardly shrink; PyTorch stores them, repacked archives deflate them.
constexpr std::uint64_t kMostExpansion = 50;
constexpr std::uint64_t kFreeExpansion = 1 << 20;

std::string text_of(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

}  // namespace

void ZipArchive::Close::operator()(zip* archive) const { zip_discard(archive); }

ZipArchive::ZipArchive(const fs::path& path) {
  int code = 0;
  archive_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (!archive_) {
    throw UnreadableWeights("its zip directory cannot be read ({}): it is cut short or damaged", text_of(code));
  }
  const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
  if (count > kMostEntries) {
    throw UnreadableWeights("it has {} zip entries, more than any file of weights", count);
  }
  const std::uint64_t file_size = fs::file_size(path);
  std::uint64_t packed = 0;
  for (zip_int64_t i = 0; i < count; ++i) {
    zip_stat_t stat;
    constexpr zip_uint64_t kNeeded = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
    if (zip_stat_index(archive_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW, &stat) != 0 ||
        (stat.valid & kNeeded) != kNeeded) {
      throw UnreadableWeights("its zip directory is damaged at entry {}", i);
    }
    packed += stat.comp_size;
    total_ += stat.size;
    const std::uint64_t most = kMostExpansion * file_size + kFreeExpansion;
    if (stat.comp_size > file_size || packed > file_size || stat.size > most || total_ > most) {
      throw UnreadableWeights("its zip entries claim more bytes than a file of {} holds", file_size);
    }
    if (!sizes_.emplace(stat.name, stat.size).second) {
      throw UnreadableWeights("its zip entry '{}' occurs twice", printable(stat.name));
    }
  }
}

ZipArchive::~ZipArchive() = default;

std::uint64_t ZipArchive::size(const std::string& name) const {
  const auto found = sizes_.find(name);
  if (found == sizes_.end()) {
    throw UnreadableWeights("it lacks its entry '{}'", printable(name));
  }
  return found->second;
}

void ZipArchive::read(const std::string& name, void* to) const {
  const std::uint64_t wanted = size(name);
  const auto fail = [&](const std::string& why) {
    throw UnreadableWeights("its entry '{}' cannot be read: {}", printable(name), why);
  };
  const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(zip_fopen(archive_.get(), name.c_str(), ZIP_FL_ENC_RAW),
                                                               zip_fclose);
  if (!file) {
    fail(zip_strerror(archive_.get()));
  }
  std::uint64_t done = 0;
  while (done < wanted) {
    const zip_int64_t got = zip_fread(file.get(), static_cast<char*>(to) + done, wanted - done);
    if (got <= 0) {
      fail(got < 0 ? zip_file_strerror(file.get()) : "it is cut short");
    }
    done += static_cast<std::uint64_t>(got);
  }
  // libzip compares the CRC when it is asked for more than there is.
  char none = 0;
  const zip_int64_t more = zip_fread(file.get(), &none, 1);
  if (more != 0) {
    fail(more < 0 ? zip_file_strerror(file.get()) : "it is longer than its zip directory says");
  }
}

std::string ZipArchive::read(const std::string& name, std::uint64_t largest) const {
  const std::uint64_t wanted = size(name);
  if (wanted > largest) {
    throw UnreadableWeights("its entry '{}' has {} bytes, more than the {} it may have", printable(name), wanted,
                            largest);
  }
  std::string bytes(wanted, '\0');
  read(name, bytes.data());
  return bytes;
}

}  // namespace samsr
