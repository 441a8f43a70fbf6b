// Any bytes as a shard, and behind it everyone who reads shards: verify, loader, export, contact sheet, inspect,
// regenerate's settings. The mutator makes the samples' checksums fit, as readers stop at one that does not.

#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <vector>

#include "core/checksum.h"
#include "data/shards/content.h"
#include "data/shards/hdf5.h"
#include "data/shards/loader.h"
#include "data/shards/manifest.h"
#include "data/tools/contact_sheet.h"
#include "data/tools/inspect.h"
#include "data/tools/stored_sample.h"
#include "fuzz/memory_file.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t size, std::size_t most);

namespace {
namespace fs = std::filesystem;
using samsr::fuzz::must_be_read_or_refused;

/// A folder in memory where the system has one.
class Folder {
 public:
  Folder() {
    std::string name =
        (fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path()) / "fuzz-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      std::abort();
    }
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void write_text(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

void read_samples(const samsr::Shard& shard) {
  const samsr::RandomAccessFile file(shard.path(), samsr::RandomAccessFile::Access::kRead);
  for (std::uint64_t sample = 0; sample < std::min<std::uint64_t>(shard.samples(), 3); ++sample) {
    for (const samsr::ShardField& field : shard.fields()) {
      std::vector<char> out(field.bytes);
      shard.read(file, field, sample, out.data());
    }
  }
  samsr::config_of_content(shard.header().content);
}

void load(const fs::path& folder) {
  const samsr::ShardSet shards(folder);
  std::ostringstream lines;
  samsr::Log log(lines, 0, 1, false);
  const samsr::BatchFields fields{.latents = true,
                                  .hr = shards.find("hr") != nullptr,
                                  .coverage_hr = shards.find("coverage_hr") != nullptr,
                                  .rollout = shards.find("rollout/x0") != nullptr};
  samsr::Loader(shards, {}, 1, fields, log).load(0, 2);
}

/// Whoever reads a shard in a folder whose manifest fits it.
void use(const std::string& bytes, const samsr::Shard& shard) {
  static const Folder folder;
  const std::string name = samsr::shard_name(0);
  const fs::path path = folder.path() / name;
  write_text(path, bytes);
  write_text(samsr::manifest_path(folder.path()), R"({"format": "samsr-dataset/1", "shards": [{"file": ")" + name +
                                                      R"(", "first_index": 0, "samples": )" +
                                                      std::to_string(shard.samples()) + R"(, "bytes": )" +
                                                      std::to_string(bytes.size()) + R"(, "crc32c": {}}]})");
  must_be_read_or_refused([&] { load(folder.path()); });
  for (const char* picture : {"hr", "lr", "coverage", "coverage_hr"}) {
    must_be_read_or_refused([&] { samsr::read_stored_picture(shard, picture, 0); });
  }
  must_be_read_or_refused([&] { samsr::draw_sheet({shard}, 2); });
  must_be_read_or_refused([&] {
    std::ostringstream out;
    samsr::inspect(path, {.config = true, .sheet = {}}, out);
  });
}

/// Writes the checksums that fit the bytes.
void mend(std::uint8_t* bytes, std::size_t size) {
  const samsr::fuzz::MemoryFile file(bytes, size);
  must_be_read_or_refused([&] {
    const samsr::Shard shard(file.path());
    const samsr::hdf5::QuietErrors quiet;
    const samsr::hdf5::Id opened = samsr::hdf5::open_file(file.path(), false);
    std::uint64_t at = samsr::hdf5::offset(samsr::hdf5::open_dataset(opened, std::string(samsr::kChecksumDataset)));
    for (std::uint64_t sample = 0; sample < std::min<std::uint64_t>(shard.samples(), 64); ++sample) {
      for (const samsr::ShardField& field : shard.fields()) {
        const auto* stored = reinterpret_cast<const char*>(bytes) + field.offset + sample * field.bytes;
        const std::uint32_t crc = samsr::crc32c(stored, field.text ? ::strnlen(stored, field.bytes) : field.bytes);
        std::memcpy(bytes + at, &crc, sizeof crc);
        at += sizeof crc;
      }
    }
  });
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t size, std::size_t most, unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(bytes, size, most);
  if (seed % 4 != 0) {
    mend(bytes, mutated);
  }
  return mutated;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const samsr::fuzz::MemoryFile file(bytes, size);
  must_be_read_or_refused([&] {
    const samsr::Shard shard(file.path());
    read_samples(shard);
    samsr::describe_shard(shard);
    use(samsr::fuzz::text_of(bytes, size), shard);
  });
  return 0;
}
