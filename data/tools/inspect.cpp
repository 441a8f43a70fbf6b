#include "data/tools/inspect.h"

#include <c10/util/Half.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <ostream>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json_entry.h"
#include "core/nested_paths.h"
#include "core/output.h"
#include "data/images/image_file.h"
#include "data/shards/content.h"
#include "data/shards/manifest.h"
#include "data/shards/shard_set.h"
#include "data/tools/contact_sheet.h"
#include "data/tools/stored_sample.h"
#include "models/weights/printable.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

std::vector<Shard> open_shards(const fs::path& path) {
  std::vector<Shard> shards;
  if (!fs::is_directory(path)) {
    shards.emplace_back(path);
  } else if (fs::exists(manifest_path(path)) || shards_in(path).empty()) {
    return ShardSet(path).shards();
  } else {  // a build has begun and not finished
    for (const fs::path& each : shards_in(path)) {
      shards.emplace_back(each);
    }
  }
  return shards;
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double sum = 0;
  double count = 0;

  template <class T>
  void add(const std::vector<std::uint8_t>& bytes) {
    const auto* values = reinterpret_cast<const T*>(bytes.data());
    for (std::size_t i = 0; i < bytes.size() / sizeof(T); ++i) {
      const auto value = static_cast<double>(values[i]);
      low = std::min(low, value);
      high = std::max(high, value);
      sum += value;
    }
    count += static_cast<double>(bytes.size() / sizeof(T));
  }
};

Range range_of(const Shard& shard, const ShardField& field) {
  const RandomAccessFile file(shard.path(), RandomAccessFile::Access::kRead);
  std::vector<std::uint8_t> bytes(field.bytes);
  Range range;
  for (std::uint64_t i = 0; i < shard.samples(); ++i) {
    shard.read(file, field, i, bytes.data());
    if (field.type == at::kHalf) {
      range.add<c10::Half>(bytes);
    } else if (field.type == at::kFloat) {
      range.add<float>(bytes);
    } else if (field.type == at::kUInt64) {
      range.add<std::uint64_t>(bytes);
    } else if (field.type == at::kUInt32) {
      range.add<std::uint32_t>(bytes);
    } else {
      range.add<std::uint8_t>(bytes);
    }
  }
  return range;
}

void print_fields(const Shard& shard, std::ostream& out) {
  out << fmt::format("{:<14}{:<10}{:<22}{:>10}  {}\n", "dataset", "type", "shape", "MB", "smallest … mean … largest");
  for (const ShardField& field : shard.fields()) {
    std::string shape = fmt::format("({}", shard.samples());
    for (const std::int64_t extent : field.shape) {
      shape += fmt::format(", {}", extent);
    }
    const double megabytes = static_cast<double>(field.bytes * shard.samples()) / 1e6;
    out << fmt::format("{:<14}{:<10}{:<22}{:>10.2f}", field.name, field.text ? "text" : stored_type_name(field.type),
                       shape + ")", megabytes);
    if (!field.text) {
      const Range range = range_of(shard, field);
      out << fmt::format("  {:.4g} … {:.4g} … {:.4g}", range.low, range.sum / range.count, range.high);
    }
    out << '\n';
  }
}

void print_levels(const Shard& shard, const ShardField& field, std::ostream& out) {
  const RandomAccessFile file(shard.path(), RandomAccessFile::Access::kRead);
  std::vector<std::uint8_t> bytes(field.bytes);
  std::array<std::uint64_t, 256> levels{};
  std::uint64_t empty = 0;
  for (std::uint64_t i = 0; i < shard.samples(); ++i) {
    shard.read(file, field, i, bytes.data());
    for (const std::uint8_t level : bytes) {
      ++levels[level];
    }
    empty += std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t level) { return level == 0; }) ? 1 : 0;
  }
  const double pixels = static_cast<double>(field.bytes * shard.samples());
  out << field.name << ": masks over a pixel, % of the pixels:";
  for (std::size_t level = 0; level < levels.size(); ++level) {
    if (levels[level] > 0) {
      out << fmt::format("  {}: {:.1f}", level, 100.0 * static_cast<double>(levels[level]) / pixels);
    }
  }
  out << fmt::format("; {} samples without any mask\n", empty);
}

void print_masks(const Shard& shard, const ShardField& field, std::ostream& out) {
  const RandomAccessFile file(shard.path(), RandomAccessFile::Access::kRead);
  std::string text(field.bytes, '\0');
  std::map<std::string, std::uint64_t> counts;
  for (std::uint64_t i = 0; i < shard.samples(); ++i) {
    if (!shard.read(file, field, i, text.data())) {
      continue;  // `data verify` names it
    }
    const auto by_image =
        JsonEntry::parse(text.c_str(), fmt::format("{}: sample {} masks", shard.path().string(), i)).items();
    for (const auto& [image, masks] : by_image) {
      counts[printable(image)] += masks.elements().size();
    }
  }
  for (const auto& [image, count] : counts) {
    out << fmt::format("masks: {} of the {} images, {:.1f} an image\n", count, image,
                       static_cast<double>(count) / static_cast<double>(shard.samples()));
  }
}

/// The record of the first sample, a line for each entry, in the order of the file.
std::string source_lines(const Shard& shard) {
  read_stored_record(shard, kSourceField, 0);  // says what is wrong with it
  return json_text(nlohmann::ordered_json::parse(read_stored_text(shard, kSourceField, 0)), 2);
}

/// Which stages how many of the shards have.
void print_stages(const std::vector<Shard>& shards, std::ostream& out) {
  out << "stages:";
  for (const std::string& name : stage_names()) {
    const auto count = std::count_if(shards.begin(), shards.end(), [&](const Shard& shard) {
      return split_content(shard.header().content).contains(name);
    });
    if (count > 0) {
      out << "  " << name;
      if (count < static_cast<std::ptrdiff_t>(shards.size())) {
        out << fmt::format(" ({} of {} shards)", count, shards.size());
      }
    }
  }
  out << '\n';
}

}  // namespace

void inspect(const fs::path& path, const InspectOptions& options, std::ostream& out) {
  if (!fs::is_regular_file(path) && !fs::is_directory(path)) {
    throw UserError("{}: {}", path.string(),
                    fs::exists(path) ? "is a pipe or a device, not a shard" : "no such shard or folder of shards");
  }
  check_extension(options.sheet, {".png"}, "PNG");
  check_not_replaced(path, options.sheet);
  check_file_writable(options.sheet, fmt::format("--sheet {}", options.sheet.string()));
  const std::vector<Shard> shards = open_shards(path);
  if (fs::is_directory(path) && !fs::exists(manifest_path(path))) {
    out << "not complete: the build has not finished\n";
  }
  const Shard& shard = shards.front();
  const ShardHeader& header = shard.header();
  if (shards.size() > 1 || fs::is_directory(path)) {
    std::uint64_t samples = 0;
    std::uint64_t bytes = 0;
    for (const Shard& each : shards) {
      samples += each.samples();
      bytes += each.file_bytes();
    }
    out << fmt::format("{}: {} samples in {} shards, {:.1f} MB; the first of them:\n", path.string(), samples,
                       shards.size(), static_cast<double>(bytes) / 1e6);
  }
  out << fmt::format("{}: {}, {} samples from number {}, seed {}, scale {}, made by {}\n", shard.path().string(),
                     kShardFormat, shard.samples(), header.first_index, header.seed, header.scale,
                     printable(header.tool));
  print_stages(shards, out);
  print_fields(shard, out);
  for (const char* name : {"coverage", "coverage_hr"}) {
    if (const ShardField* field = shard.find(name)) {
      print_levels(shard, *field, out);
    }
  }
  if (const ShardField* field = shard.find(kMasksField)) {
    print_masks(shard, *field, out);
  }
  out << "sample " << header.first_index << ": " << source_lines(shard) << '\n';
  if (options.config) {
    out << "config:\n" << header.config;
  }
  if (!options.sheet.empty()) {
    make_folder(fs::absolute(options.sheet).parent_path());
    clean_temporaries_of(options.sheet);
    write_png(options.sheet, draw_sheet(shards, options.count));
    out << "contact sheet: " << options.sheet.string() << '\n';
  }
}

}  // namespace samsr
