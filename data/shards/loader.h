#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "core/log.h"
#include "data/shards/batch.h"
#include "data/shards/buffer_pool.h"
#include "data/shards/loader_settings.h"
#include "data/shards/shard_set.h"

namespace samsr {

/// Batches from shards: position p is element p mod N of the order of epoch p / N, a function of the seed alone.
class Loader final : public BatchSource {
 public:
  /// `shards` and `log` must outlive the loader. UserError when a field asked for is missing.
  Loader(const ShardSet& shards, const LoaderSettings& settings, std::uint64_t seed, BatchFields fields, Log& log);
  /// The same over the N = range.count samples of `range` alone.
  Loader(const ShardSet& shards, const LoaderSettings& settings, std::uint64_t seed, BatchFields fields, Log& log,
         SampleRange range);

  std::uint64_t samples() const override { return range_.count; }
  /// Index of the sample at `position`.
  std::uint64_t sample_at(std::uint64_t position) const;

  /// Samples at positions first … first+count-1. One whose checksum fails is reported, entered in `bad`, and
  /// replaced by the next of its epoch's order. UserError when a shard cannot be read any more, every sample
  /// fails, or a latent or rollout is not finite. Safe to use from several threads.
  Batch load(std::uint64_t first, std::int64_t count) const override;

 private:
  Batch empty_batch(std::int64_t count) const;
  /// Reads one sample into a row; false when a checksum fails.
  bool fill(Batch& batch, std::int64_t row, std::uint64_t sample, std::uint64_t epoch) const;
  void report_bad(std::uint64_t sample) const;

  const ShardSet& shards_;
  const LoaderSettings settings_;
  const std::uint64_t seed_;
  const BatchFields fields_;
  const SampleRange range_;
  const std::vector<const BatchField*> carried_;  ///< what batches have of the table
  Log& log_;
  const std::shared_ptr<BufferPool> memory_ = std::make_shared<BufferPool>();
  mutable std::mutex mutex_;
  mutable std::set<std::uint64_t> reported_;
};

}  // namespace samsr
