#include "data/shards/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/shallow_json.h"
#include "models/weights/printable.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kManifestFormat = "samsr-dataset/1";

Json as_json(const ManifestEntry& entry) {
  return {{"file", entry.file},
          {"first_index", entry.first_index},
          {"samples", entry.samples},
          {"bytes", entry.bytes},
          {"crc32c", entry.crc32c}};
}

/// A whole number from 0 on. The library would make one of -1 and of 1e300, too.
std::uint64_t count_in(const Json& json, const char* key) {
  const Json& value = json.at(key);
  if (!value.is_number_unsigned()) {
    throw std::runtime_error(fmt::format("'{}' is no whole number", key));
  }
  return value.get<std::uint64_t>();
}

ManifestEntry as_entry(const Json& json) {
  return {.file = json.at("file").get<std::string>(),
          .first_index = count_in(json, "first_index"),
          .samples = count_in(json, "samples"),
          .bytes = count_in(json, "bytes"),
          .crc32c = json.at("crc32c").get<std::map<std::string, std::string>>()};
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

std::string shard_name(std::uint64_t number) { return fmt::format("shard-{:06}.h5", number); }

std::vector<fs::path> shards_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("shard-") && name.ends_with(".h5")) {
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
  try {
    const auto json = parse_shallow_json<Json>(text);
    if (!json.is_object()) {
      throw std::runtime_error("it is no JSON object");
    }
    if (!json.at("format").is_string() || json.at("format") != kManifestFormat) {
      throw UserError("{}: its format is not {}", name, kManifestFormat);
    }
    for (const Json& shard : json.at("shards")) {
      manifest.shards.push_back(as_entry(shard));
    }
  } catch (const UserError&) {
    throw;
  } catch (const std::exception& error) {
    throw UserError("{}: damaged ({}); run `samsr data build` again, which keeps the shards", name,
                    printable(error.what()));
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
  return manifest;
}

void write_manifest(const fs::path& folder, const Manifest& manifest) {
  Json json{{"format", kManifestFormat}, {"samples", manifest.samples()}, {"shards", Json::array()}};
  for (const ManifestEntry& entry : manifest.shards) {
    json["shards"].push_back(as_json(entry));
  }
  write_file_atomically(manifest_path(folder), json.dump(1) + "\n");
}

std::string to_json(const ManifestEntry& entry) { return as_json(entry).dump(); }

ManifestEntry entry_from_json(const std::string& json) { return as_entry(Json::parse(json)); }

}  // namespace samsr
