#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/shards/shard.h"

namespace samsr {

/// What the manifest says of one shard.
struct ManifestEntry {
  std::string file;  ///< name in the folder
  std::uint64_t first_index = 0;
  std::uint64_t samples = 0;
  std::uint64_t bytes = 0;                    ///< size of the file
  std::map<std::string, std::string> crc32c;  ///< field → CRC-32C of its samples' checksums, eight hex digits

  bool operator==(const ManifestEntry&) const = default;
};

/// The list of a data set's shards, written when all of them are there.
struct Manifest {
  std::vector<ManifestEntry> shards;  ///< by first_index
  std::uint64_t samples() const;
};

/// "manifest.json" in `folder`.
std::filesystem::path manifest_path(const std::filesystem::path& folder);

/// "shard-000042.h5".
std::string shard_name(std::uint64_t number);

/// The files in `folder` that have a shard's name, sorted.
std::vector<std::filesystem::path> shards_in(const std::filesystem::path& folder);

/// Entry of a shard as it lies on disk; reads its table of checksums.
ManifestEntry describe_shard(const Shard& shard);

/// UserError naming the file when it is missing (the build did not finish), is no JSON, lacks something,
/// or its shards do not follow each other.
Manifest read_manifest(const std::filesystem::path& folder);
/// The same from the text of a manifest; `name` stands for the file in messages.
Manifest parse_manifest(const std::string& text, const std::string& name);
void write_manifest(const std::filesystem::path& folder, const Manifest& manifest);

/// One entry as JSON and back, for ranks to tell each other.
std::string to_json(const ManifestEntry& entry);
ManifestEntry entry_from_json(const std::string& json);

}  // namespace samsr
