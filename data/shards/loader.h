#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "core/log.h"
#include "data/shards/buffer_pool.h"
#include "data/shards/loader_settings.h"
#include "data/shards/shard_set.h"

namespace samsr {

/// B training samples, contiguous, on the CPU. A tensor is undefined when the shards lack the field or it was not
/// asked for.
struct Batch {
  at::Tensor lq;                          ///< (B,3,H,W) float32 RGB in [-1, 1]
  at::Tensor z_0;                         ///< (B,C,h,w) half, latent of the high-resolution image
  at::Tensor z_y;                         ///< (B,C,h,w) half, latent of the enlarged low-resolution image
  at::Tensor coverage;                    ///< (B,1,H,W) uint8, masks over each pixel
  at::Tensor hr;                          ///< (B,3,sH,sW) uint8 RGB, s the scale
  at::Tensor coverage_hr;                 ///< (B,1,H,W) uint8, masks of the high-resolution image
  at::Tensor x0;                          ///< (B,C,h,w) half, a kept rollout of the teacher
  std::vector<std::uint64_t> noise_seed;  ///< of the noise that x0 was rolled out from; empty without x0
  std::vector<std::uint64_t> sample;      ///< index in the data set of what was read
  std::vector<std::uint64_t> position;    ///< in the sequence of all samples drawn since training began
  std::vector<std::uint64_t> bad;         ///< samples met on the way whose checksum failed
};

/// Which optional fields a batch carries, and in what memory.
struct BatchFields {
  bool latents = true;  ///< z_0 and z_y, where the shards have them
  bool hr = false;
  bool coverage_hr = false;
  bool rollout = false;  ///< x0 and noise_seed: of the rollouts kept of a sample, the next one in every epoch
  bool pinned = false;   ///< page-locked, for copies to a GPU that run beside it
};

/// Samples first … first+count-1 of a data set.
struct SampleRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// The endless sequence of samples that training draws: position p is element p mod N of the order of epoch
/// p / N, a function of the seed alone. Ranks ask for disjoint pieces of it, so the global batches do not
/// depend on their number, and training resumes at any position.
class Loader {
 public:
  /// `shards` and `log` must outlive the loader. UserError when a field asked for is missing.
  Loader(const ShardSet& shards, const LoaderSettings& settings, std::uint64_t seed, BatchFields fields, Log& log);
  /// The same over the N = range.count samples of `range` alone.
  Loader(const ShardSet& shards, const LoaderSettings& settings, std::uint64_t seed, BatchFields fields, Log& log,
         SampleRange range);

  std::uint64_t samples() const { return range_.count; }
  /// True when the batches carry z_0 and z_y.
  bool has_latents() const { return latents_; }
  /// Index of the sample at `position`.
  std::uint64_t sample_at(std::uint64_t position) const;

  /// Samples at positions first … first+count-1. One whose checksum fails is reported, entered in `bad`, and
  /// replaced by the next of its epoch's order. UserError when a shard cannot be read any more, or every sample
  /// fails. Safe to use from several threads.
  Batch load(std::uint64_t first, std::int64_t count) const;

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
  const bool latents_;
  Log& log_;
  const std::shared_ptr<BufferPool> memory_ = std::make_shared<BufferPool>();
  mutable std::mutex mutex_;
  mutable std::set<std::uint64_t> reported_;
};

}  // namespace samsr
