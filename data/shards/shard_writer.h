#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/shards/random_access_file.h"
#include "data/shards/sample.h"
#include "data/shards/shard.h"

namespace samsr {

/// Writes one shard sample by sample under a temporary name; finish() gives it its own. Whatever happens
/// before, what was at that name stays as it was. HDF5 lays out the file, the samples go to their offsets directly;
/// texts are kept in memory until finish(), as their longest decides the layout.
class ShardWriter {
 public:
  /// `samples` of the names, types and shapes of `first`, with its texts' names.
  ShardWriter(std::filesystem::path path, ShardHeader header, const Sample& first, std::uint64_t samples);
  /// Removes the unfinished file.
  ~ShardWriter();
  ShardWriter(const ShardWriter&) = delete;
  ShardWriter& operator=(const ShardWriter&) = delete;

  /// UserError when it cannot be written (disk full), or a latent or rollout is not finite.
  void append(const Sample& sample);
  /// After exactly `samples` calls of append(): completes the file, syncs it and renames it.
  void finish();

 private:
  struct Texts {
    std::string name;
    std::vector<std::string> values;
  };

  void reserve_for(const Sample& first);
  void create(const Sample& first);
  void write_texts();

  const std::filesystem::path path_;
  const std::filesystem::path temporary_;
  const ShardHeader header_;
  const std::uint64_t samples_;
  std::uint64_t appended_ = 0;
  std::vector<ShardField> fields_;
  std::vector<Texts> texts_;
  std::uint64_t checksum_offset_ = 0;
  std::vector<std::uint32_t> checksums_;
  std::unique_ptr<RandomAccessFile> file_;
};

}  // namespace samsr
