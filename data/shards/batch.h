#pragma once
// What a batch carries, and the one table of its fields: loading, slicing, moving and memory are loops over it.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace samsr {

/// B training samples, contiguous, on the CPU as the loader makes them. A tensor is undefined when the shards lack the
/// field, or it was not asked for, or nobody drew it.
struct Batch {
  at::Tensor lq;                          ///< (B,3,H,W) float32 RGB in [-1, 1]; of several scales (B,3,h,w), resized
  at::Tensor z_0;                         ///< (B,C,h,w) half, latent of the high-resolution image
  at::Tensor z_y;                         ///< (B,C,h,w) half, latent of the enlarged low-resolution image
  at::Tensor coverage;                    ///< (B,1,H,W) uint8, masks over each pixel
  at::Tensor hr;                          ///< (B,3,sH,sW) uint8 RGB, s the scale
  at::Tensor coverage_hr;                 ///< (B,1,H,W) uint8, masks of the high-resolution image
  at::Tensor x0;                          ///< (B,C,h,w) half, a cached rollout of the teacher
  at::Tensor noise;                       ///< (B,C,h,w) float32, drawn beside the loading; in no shard
  at::Tensor enlarged;                    ///< (B,3,sH,sW) float32, fresh LR images of several scales enlarged; the same
  at::Tensor hr_sharp;                    ///< (B,3,sH,sW) float32 in [-1, 1], hr sharpened beside the loading; the same
  std::vector<std::uint64_t> noise_seed;  ///< of the noise that x0 was rolled out from; empty without x0
  std::vector<std::uint64_t> sample;      ///< index in the data set of what was read
  std::vector<std::uint64_t> position;    ///< in the sequence of all samples drawn since training began
  std::vector<std::uint64_t> bad;         ///< samples met on the way whose checksum failed
};

/// Which fields a batch carries, and in what memory.
struct BatchFields {
  bool latents = true;  ///< z_0 and z_y, where the shards have them
  bool hr = false;
  bool coverage_hr = false;
  bool rollout = false;  ///< x0 and noise_seed: of the cached rollouts of a sample, the next one in every epoch
  bool pinned = false;   ///< page-locked, for copies to a GPU that run beside it
  bool lq = true;
  bool coverage = true;
};

/// One tensor of a batch, and the dataset of the shards that it is read from.
struct BatchField {
  enum class Form {
    kImage,   ///< (H,W,3) uint8 in the shard, (3,H,W) in the batch
    kMap,     ///< (H,W) in the shard, (1,H,W) in the batch
    kLatent,  ///< (C,h,w) in both
    kDrawn,   ///< (K,C,h,w) in the shard, one of the K in the batch
  };
  const char* dataset;
  const char* stage;  ///< of `samsr data build`, that writes the dataset
  at::Tensor Batch::*tensor;
  Form form;
  at::ScalarType stored;
  at::ScalarType loaded;  ///< of the batch's tensor; float32 images are in [-1, 1]
  bool BatchFields::*wanted;
  bool optional;       ///< left out, without an error, where the shards lack it
  const char* remedy;  ///< what builds shards that have it

  /// Dimensions of the dataset without the sample's.
  std::size_t dimensions() const;
  /// Whether batches of `fields` carry it.
  bool is_in(const BatchFields& fields) const { return fields.*wanted; }
};

/// The seeds (K) uint64 that belong to the rollouts.
inline constexpr const char* kNoiseSeedDataset = "rollout/noise_seed";

/// Every field, in the order of Batch.
std::span<const BatchField> batch_fields();

/// Samples from … from+count-1 of a batch; views of the same tensors.
Batch slice(const Batch& batch, std::int64_t from, std::int64_t count);

/// The batch as recipes see it: tensors on `device`, latents as float32, HR images as float32 in [-1, 1]. Where the
/// batch is page-locked, copies run beside what the caller does next.
Batch to_device(Batch batch, c10::Device device);

/// Memory of the batch's tensors.
double bytes_of(const Batch& batch);

}  // namespace samsr
