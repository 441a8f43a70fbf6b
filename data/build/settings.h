#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/settings.h"
#include "data/images/codec.h"
#include "data/photographs/sources.h"
#include "degradation/settings.h"
#include "diffusion/settings.h"
#include "models/first_stage/first_stage.h"
#include "segmentation/settings.h"

namespace samsr {

// What becomes of photographs that are smaller than the piece to be cut (data.small_photographs).
inline constexpr const char* kLeaveSmallOut = "leave_out";
inline constexpr const char* kReflectSmall = "reflect";
inline constexpr const char* kEnlargeSmall = "enlarge";

/// Which photographs become how many samples, and where they go.
struct DataSettings {
  PhotographSources images;
  std::string out;
  std::uint64_t samples = 4096;
  std::uint64_t passes = 1;
  std::uint64_t seed = 0;
  int scale = 4;
  std::vector<std::int64_t> scales{};  ///< that the shards take in turn; empty: scale alone
  int gt_size = 256;                   ///< side of the high-resolution image, pixels
  int crop_pad_size = 300;             ///< side of the piece that is degraded, pixels
  bool rescale_gt = false;
  bool random_scale = false;
  int min_size = 256;
  std::string small_photographs = kLeaveSmallOut;
  bool use_hflip = true;
  bool use_rot = false;
  bool latents = true;
  bool coverage_hr = true;
  bool keep_masks = false;
  std::uint64_t samples_per_shard = 256;
  int cache_mb = 512;

  /// Section `data.`, and `masks.keep`.
  void bind(Settings& settings);
  /// Samples of the whole data set: data.samples × data.passes.
  std::uint64_t all_samples() const { return samples * passes; }
  /// Which of the first data.samples samples has the photograph of sample `index`. Each pass takes the photographs of
  /// the first one again, in their order, with a crop and a degradation of its own.
  std::uint64_t first_pass_index(std::uint64_t index) const { return passes > 1 ? index % samples : index; }
  /// How much smaller the LR image of sample `index` is: the same for all samples of a shard.
  int scale_of(std::uint64_t index) const;
  /// Factor of the pair that is made while training at `position` in the sequence of all pairs drawn: of several, one
  /// by lot, so that what recipes do in turns meets all of them.
  int scale_at(std::uint64_t position) const;
  /// All factors of the pairs, each once, ascending.
  std::vector<std::uint64_t> all_scales() const;
  /// UserError where data.out is missing or settings contradict each other.
  void check() const;
};

/// All that the build reads.
struct BuildSettings {
  DataSettings data;
  ImageLimits images;
  DegradationSettings degradation;
  MaskSettings masks;
  FirstStageSettings first_stage;
  SamSettings sam;  ///< the model's: masks.picture=auto follows its variant

  /// Without those of the model.
  void bind(Settings& settings);
};

}  // namespace samsr
