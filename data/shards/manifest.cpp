#include "data/shards/manifest.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json_entry.h"
#include "models/weights/printable.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kShardPrefix = "shard-";
constexpr const char* kManifestFormat = "samsr-dataset/1";

/// shard-NNNNNN.h5, with six digits or, from a million shards on, more.
bool is_shard_name(const std::string& name) {
  std::uint64_t number = 0;
  const std::string_view digits =
      std::string_view(name).substr(std::min<std::size_t>(name.size(), kShardPrefix.size()));
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return name == shard_name(number);
}

Json as_json(const ManifestEntry& entry) {
  return {{"file", entry.file},
          {"first_index", entry.first_index},
          {"samples", entry.samples},
          {"bytes", entry.bytes},
          {"crc32c", entry.crc32c}};
}

ManifestEntry as_entry(const JsonEntry& json) {
  ManifestEntry entry{.file = json.text("file"),
                      .first_index = json.count("first_index"),
                      .samples = json.count("samples"),
                      .bytes = json.count("bytes"),
                      .crc32c = {}};
  for (const auto& [field, checksum] : json.object("crc32c").items()) {
    entry.crc32c[field] = checksum.as_text();
  }
  return entry;
}

/// Whether `file` can only be a file of the manifest's own folder.
bool is_plain_name(const std::string& file) {
  return !file.empty() && file != "." && file != ".." && file.find('/') == std::string::npos && printable(file) == file;
}

}  // namespace

std::uint64_t Manifest::samples() const {
  return shards.empty() ? 0 : shards.back().first_index + shards.back().samples;
}

fs::path manifest_path(const fs::path& folder) { return folder / "manifest.json"; }

std::string shard_name(std::uint64_t number) { return fmt::format("{}{:06}.h5", kShardPrefix, number); }

std::vector<fs::path> shards_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (is_shard_name(name) && entry.is_regular_file(ignored)) {
      found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

ManifestEntry describe_shard(const Shard& shard) {
  ManifestEntry entry{.file = shard.path().filename().string(),
                      .first_index = shard.header().first_index,
                      .samples = shard.samples(),
                      .bytes = shard.file_bytes(),
                      .crc32c = {}};
  const RandomAccessFile file(shard.path(), RandomAccessFile::Access::kRead);
  for (const ShardField& field : shard.fields()) {
    entry.crc32c[field.name] = fmt::format("{:08x}", shard.field_hash(file, field));
  }
  return entry;
}

Manifest read_manifest(const fs::path& folder) {
  const fs::path path = manifest_path(folder);
  if (!fs::is_directory(folder)) {
    throw UserError("{}: no such folder of shards; `samsr data build data.out={}` makes it", folder.string(),
                    folder.string());
  }
  if (!fs::exists(path)) {
    throw UserError("{}: missing, so the data set is not complete; run `samsr data build` (again)", path.string());
  }
  return parse_manifest(read_file(path), path.string());
}

Manifest parse_manifest(const std::string& text, const std::string& name) {
  Manifest manifest;
  std::optional<std::uint64_t> told;
  try {
    const JsonEntry json = JsonEntry::parse(text, name);
    if (const std::string format = json.text("format"); format != kManifestFormat) {
      json.fail(fmt::format("its format is {}, expected {}", format, kManifestFormat));
    }
    told = json.has("samples") ? std::optional(json.count("samples")) : std::nullopt;
    for (const JsonEntry& shard : json.list("shards")) {
      manifest.shards.push_back(as_entry(shard));
    }
  } catch (const UserError& error) {
    throw UserError("{}; run `samsr data build` again, which keeps the shards", error.what());
  }
  std::uint64_t expected = 0;
  for (const ManifestEntry& entry : manifest.shards) {
    if (entry.first_index != expected || entry.samples == 0 || !is_plain_name(entry.file) ||
        __builtin_add_overflow(expected, entry.samples, &expected)) {
      throw UserError("{}: its entry for '{}' does not follow the one before; run `samsr data build` again", name,
                      printable(entry.file));
    }
  }
  if (manifest.shards.empty()) {
    throw UserError("{}: lists no shards", name);
  }
  if (told && *told != manifest.samples()) {
    throw UserError("{}: says that there are {} samples, but its shards hold {}; run `samsr data build` again", name,
                    *told, manifest.samples());
  }
  return manifest;
}

void write_manifest(const fs::path& folder, const Manifest& manifest) {
  Json json{{"format", kManifestFormat}, {"samples", manifest.samples()}, {"shards", Json::array()}};
  for (const ManifestEntry& entry : manifest.shards) {
    json["shards"].push_back(as_json(entry));
  }
  write_file_atomically(manifest_path(folder), json_text(json, 1) + "\n");
}

std::string to_json(const ManifestEntry& entry) { return json_text(as_json(entry)); }

ManifestEntry entry_from_json(const std::string& json) {
  return as_entry(JsonEntry::parse(json, "an entry of a manifest"));
}

}  // namespace samsr
