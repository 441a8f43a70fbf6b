#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <mutex>
#include <set>
#include <vector>

#include "core/log.h"
#include "data/shards/loader_settings.h"
#include "data/shards/shard_set.h"

namespace samsr {

/// B training samples, contiguous, on the CPU. A tensor is undefined when the shards lack the field or it was
/// not asked for.
struct Batch {
  at::Tensor lq;                        ///< (B,3,H,W) float32 RGB in [-1, 1]
  at::Tensor z_0;                       ///< (B,C,h,w) float32, latent of the high-resolution image
  at::Tensor z_y;                       ///< (B,C,h,w) float32, latent of the enlarged low-resolution image
  at::Tensor coverage;                  ///< (B,1,H,W) uint8, masks over each pixel
  at::Tensor hr;                        ///< (B,3,sH,sW) uint8 RGB, s the scale
  at::Tensor coverage_hr;               ///< (B,1,H,W) uint8, masks of the high-resolution image
  std::vector<std::uint64_t> sample;    ///< index in the data set of what was read
  std::vector<std::uint64_t> position;  ///< in the sequence of all samples drawn since training began
};

/// Which optional fields a batch carries.
struct BatchFields {
  bool latents = true;  ///< z_0 and z_y, where the shards have them
  bool hr = false;
  bool coverage_hr = false;
};

/// The endless sequence of samples that training draws: position p is element p mod N of the order of epoch
/// p / N, a function of the seed alone. Ranks ask for disjoint pieces of it, so the global batches do not
/// depend on their number, and training resumes at any position.
class Loader {
 public:
  /// `shards` and `log` must outlive the loader. UserError when a field asked for is missing.
  Loader(const ShardSet& shards, const LoaderSettings& settings, std::uint64_t seed, BatchFields fields, Log& log);

  std::uint64_t samples() const { return shards_.size(); }
  /// True when the batches carry z_0 and z_y.
  bool has_latents() const { return latents_; }
  /// Index of the sample at `position`.
  std::uint64_t sample_at(std::uint64_t position) const;

  /// Samples at positions first … first+count-1. One whose checksum fails is reported, counted, and replaced
  /// by the next of its epoch's order. UserError when more than data.max_bad have failed. Safe to use from
  /// several threads.
  Batch load(std::uint64_t first, std::int64_t count) const;
  /// How many samples have failed so far.
  std::size_t bad_samples() const;

 private:
  bool fill(Batch& batch, std::int64_t row, std::uint64_t sample) const;
  void report_bad(std::uint64_t sample) const;

  const ShardSet& shards_;
  const LoaderSettings settings_;
  const std::uint64_t seed_;
  const BatchFields fields_;
  const bool latents_;
  Log& log_;
  mutable std::mutex mutex_;
  mutable std::set<std::uint64_t> bad_;
};

}  // namespace samsr
