#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/shards/descriptor_cache.h"
#include "data/shards/sample_set.h"
#include "data/shards/shard.h"

namespace samsr {

/// All shards of a finished data set as one array of samples, read at file offsets without HDF5's lock.
class ShardSet final : public SampleSet {
 public:
  /// Opens every shard of the manifest. UserError naming the first that is missing, cut short, of another
  /// size than the manifest says, or of other fields or content than the first.
  explicit ShardSet(const std::filesystem::path& folder);

  const std::filesystem::path& folder() const { return folder_; }
  std::string source() const override { return folder_.string(); }
  std::uint64_t size() const override { return size_; }
  std::vector<std::uint64_t> scales() const override;
  std::string content() const override { return header().content; }
  const std::vector<Shard>& shards() const { return shards_; }
  /// Header of the first shard; `content` and seed hold for all.
  const ShardHeader& header() const { return shards_.front().header(); }
  /// A dataset's name, type and shape; null when there is none. The same in all shards, but that the shape of an LR
  /// image, and of what covers it, follows the shard's scale.
  const ShardField* find(std::string_view name) const override { return shards_.front().find(name); }
  /// Of each dataset of the shards that batches of `fields` carry, the CRC-32C of all its samples, eight hex digits.
  /// Stages added to the shards later change nothing in those that were there.
  std::map<std::string, std::string> checksums(const BatchFields& fields) const override;
  std::vector<std::pair<std::string, std::string>> facts(const BatchFields& fields, std::uint64_t count) const override;
  std::unique_ptr<const BatchSource> batches(const LoaderSettings& settings, std::uint64_t seed,
                                             const BatchFields& fields, Log& log, SampleRange range) const override;

  /// Reads array `name` of sample `index` (0 … size()-1) into `out`, find(name)->bytes long; false when its
  /// checksum does not fit. UserError when the shard cannot be read any more. Safe to use from several threads.
  bool read(std::uint64_t index, std::string_view name, void* out) const;
  /// The text `name` of a sample, whose width differs between shards; none when its checksum does not fit. Otherwise
  /// as read().
  std::optional<std::string> read_text(std::uint64_t index, std::string_view name) const;
  /// Where a sample lies.
  struct Place {
    const Shard& shard;
    std::shared_ptr<const RandomAccessFile> file;  ///< the shard's, open
    std::uint64_t sample;                          ///< in the shard
  };
  /// The place of sample `index`; UserError when the shard cannot be opened any more. Safe to use from several
  /// threads.
  Place place(std::uint64_t index) const;
  std::string where(std::uint64_t index) const override;

 private:
  const Shard& shard_of(std::uint64_t index) const;

  std::filesystem::path folder_;
  std::vector<Shard> shards_;
  std::uint64_t size_ = 0;
  mutable DescriptorCache files_;
};

}  // namespace samsr
