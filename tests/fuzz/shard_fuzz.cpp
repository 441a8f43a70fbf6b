// Any shard that HDF5 can hold, and behind it everyone who reads shards: verify, loader, export, contact sheet,
// inspect, regenerate's settings. The input names attributes and datasets, which HDF5 writes: mutated bytes of a whole
// file would be a test of HDF5's own parser, which loops for ever on some of them (1.10.8).

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>
#include <set>
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

namespace {
namespace fs = std::filesystem;
using samsr::fuzz::must_be_read_or_refused;

/// A folder of this process's own.
class Folder {
 public:
  Folder() {
    std::string name = fs::temp_directory_path() / "fuzz-XXXXXX";
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

/// Whoever reads a shard; its folder gets the manifest that fits it.
void use(const samsr::Shard& shard) {
  const fs::path& path = shard.path();
  write_text(samsr::manifest_path(path.parent_path()),
             R"({"format": "samsr-dataset/1", "shards": [{"file": ")" + path.filename().string() +
                 R"(", "first_index": 0, "samples": )" + std::to_string(shard.samples()) + R"(, "bytes": )" +
                 std::to_string(fs::file_size(path)) + R"(, "crc32c": {}}]})");
  must_be_read_or_refused([&] { load(path.parent_path()); });
  for (const char* picture : {"hr", "lr", "coverage", "coverage_hr"}) {
    must_be_read_or_refused([&] { samsr::read_stored_picture(shard, picture, 0); });
  }
  must_be_read_or_refused([&] { samsr::draw_sheet({shard}, 2); });
  must_be_read_or_refused([&] {
    std::ostringstream out;
    samsr::inspect(path, {.config = true, .sheet = {}}, out);
  });
}

/// One dataset of the input: "TYPE FILL EXTENT…", a type being u8, f16, f32, u32, u64 or tN (text of N bytes).
struct Planned {
  std::string name;
  std::string type;
  std::uint8_t fill = 0;
  std::vector<std::int64_t> shape;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  ///< of one sample
};

constexpr std::int64_t kMostBytes = 1 << 16;

std::optional<Planned> planned(const std::string& name, const std::string& line) {
  Planned out{.name = name};
  std::istringstream words(line);
  int fill = 0;
  if (!(words >> out.type >> fill)) {
    return {};
  }
  out.fill = static_cast<std::uint8_t>(fill);
  std::int64_t product = 1;
  for (std::int64_t extent = 0; words >> extent;) {
    if (extent < 1 || extent > kMostBytes / product) {
      return {};
    }
    product *= extent;
    out.shape.push_back(extent);
  }
  if (out.shape.empty()) {
    return {};
  }
  return out;
}

samsr::hdf5::Id type_of(const Planned& dataset) {
  if (dataset.type.starts_with('t')) {
    return samsr::hdf5::text_type(std::clamp<std::size_t>(std::strtoul(dataset.type.c_str() + 1, nullptr, 10), 1, 64));
  }
  const auto type = dataset.type == "f16"   ? at::kHalf
                    : dataset.type == "f32" ? at::kFloat
                    : dataset.type == "u32" ? at::kUInt32
                    : dataset.type == "u64" ? at::kUInt64
                                            : at::kByte;
  return samsr::hdf5::stored_type(type);
}

/// The records of an input: a name, a line end, a value, and 0x1e.
std::vector<std::pair<std::string, std::string>> records(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> out;
  std::istringstream input(text);
  for (std::string record; std::getline(input, record, '\x1e');) {
    const std::size_t end = record.find('\n');
    if (end != std::string::npos && record.find('\0') == std::string::npos) {
      out.emplace_back(record.substr(0, end), record.substr(end + 1));
    }
  }
  return out;
}

/// Writes what HDF5 holds of a shard: attributes, datasets whose space is allocated, the table of checksums.
std::vector<Planned> write_structure(const fs::path& path, const std::string& input) {
  write_text(path, samsr::hdf5::empty_file());
  const samsr::hdf5::Id file = samsr::hdf5::open_file(path, true);
  std::vector<Planned> datasets;
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const auto& [name, value] : records(input)) {
    if (!seen.insert(name).second || seen.size() > 24) {
      continue;
    }
    if (name == "format" || name == "config" || name == "content" || name == "tool") {
      samsr::hdf5::write_attribute(file, name.c_str(), value);
    } else if (name == "seed" || name == "first_index" || name == "scale") {
      samsr::hdf5::write_attribute(file, name.c_str(), std::uint64_t{std::strtoull(value.c_str(), nullptr, 10)});
    } else if (std::optional<Planned> dataset = planned(name, value)) {
      const samsr::hdf5::Id type = type_of(*dataset);
      const samsr::hdf5::Id stored = samsr::hdf5::create_dataset(file, name, type, dataset->shape);
      dataset->offset = samsr::hdf5::offset(stored);
      dataset->bytes = H5Tget_size(type);
      for (std::size_t i = 1; i < dataset->shape.size(); ++i) {
        dataset->bytes *= static_cast<std::uint64_t>(dataset->shape[i]);
      }
      if (name == samsr::kChecksumDataset) {
        samsr::hdf5::write_attribute(stored, "fields", names);
      } else {
        names.push_back(name);
      }
      datasets.push_back(*dataset);
    }
  }
  return datasets;
}

/// Fills the datasets, and the last of them, where it is the table of checksums, with those that fit.
void write_contents(const fs::path& path, const std::vector<Planned>& datasets) {
  const samsr::RandomAccessFile file(path, samsr::RandomAccessFile::Access::kWrite);
  std::vector<std::uint32_t> checksums;
  const bool with_table = !datasets.empty() && datasets.back().name == samsr::kChecksumDataset;
  const std::int64_t samples = with_table ? datasets.back().shape[0] : 0;
  for (const Planned& dataset : datasets) {
    std::vector<char> sample(dataset.bytes);
    for (std::size_t i = 0; i < sample.size(); ++i) {
      sample[i] = static_cast<char>(dataset.fill + i * dataset.fill);
    }
    for (std::int64_t index = 0; index < dataset.shape[0]; ++index) {
      file.write_at(dataset.offset + static_cast<std::uint64_t>(index) * dataset.bytes, sample.data(), sample.size());
    }
    const bool text = dataset.type.starts_with('t');
    checksums.push_back(samsr::crc32c(sample.data(), text ? ::strnlen(sample.data(), sample.size()) : sample.size()));
  }
  if (with_table) {
    checksums.pop_back();
    const std::size_t row = std::min<std::size_t>(datasets.back().bytes, checksums.size() * sizeof(std::uint32_t));
    for (std::int64_t index = 0; index < samples; ++index) {
      file.write_at(datasets.back().offset + static_cast<std::uint64_t>(index) * datasets.back().bytes,
                    checksums.data(), row);
    }
  }
}

/// Makes a file as long as the input's record "cut" says.
void cut(const fs::path& path, const std::string& input) {
  for (const auto& [name, value] : records(input)) {
    if (name == "cut") {
      const std::uint64_t length = std::strtoull(value.c_str(), nullptr, 10);
      fs::resize_file(path, std::min<std::uint64_t>(length, fs::file_size(path)));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Folder folder;
  const std::string input = samsr::fuzz::text_of(bytes, size);
  const fs::path path = folder.path() / samsr::shard_name(0);
  try {
    const samsr::hdf5::QuietErrors quiet;
    write_contents(path, write_structure(path, input));
  } catch (const std::runtime_error&) {
    return -1;  // HDF5 has no such dataset: of a name that is a folder, of no name
  }
  cut(path, input);
  must_be_read_or_refused([&] {
    const samsr::Shard shard(path);
    read_samples(shard);
    samsr::describe_shard(shard);
    use(shard);
  });
  return 0;
}
