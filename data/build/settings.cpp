#include "data/build/settings.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/rng.h"

namespace samsr {

void DataSettings::bind(Settings& settings) {
  images.bind(settings, "data.images",
              "photographs: a folder (subfolders included), a .tar or .zip, a list of paths (.txt), or several of "
              "these; a source's weight is its part of the samples, without weights each picture counts alike");
  settings.add("data.out", out, "folder of the shards").path();
  settings.add("data.samples", samples, "number of training pairs; with data.passes, of one pass")
      .between(std::uint64_t{1}, std::uint64_t{1} << 40);
  settings
      .add("data.passes", passes,
           "how often the photographs of the data.samples pairs are cropped and degraded, each time anew: there are "
           "data.samples times data.passes pairs")
      .between(std::uint64_t{1}, std::uint64_t{1} << 20);
  settings.add("data.seed", seed, "seed of everything drawn for the data set").at_least(0U);
  settings.add("data.scale", scale, "how much smaller the low-resolution image is").between(1, 8);
  settings
      .add("data.scales", scales,
           "several such factors, which the shards take in turn: one data set for a model of several (a flow map), "
           "whose own is data.scale; empty: data.scale alone")
      .between(1, 8);
  settings.add("data.gt_size", gt_size, "side of the high-resolution image, pixels").between(16, 4096);
  settings.add("data.crop_pad_size", crop_pad_size, "side of the piece of photograph that is degraded, pixels")
      .between(16, 4096);
  settings.add("data.rescale_gt", rescale_gt,
               "shrink the largest square of the photograph to data.gt_size instead of cropping data.crop_pad_size");
  settings.add(
      "data.random_scale", random_scale,
      "take squares of any side between data.crop_pad_size and the photograph's shorter side, and shrink them to "
      "data.crop_pad_size: sharper pieces, and more of them, from few photographs");
  settings.add("data.min_size", min_size, "photographs with a shorter side than this are left out, pixels")
      .between(1, 65536);
  settings
      .add("data.small_photographs", small_photographs,
           "photographs smaller than the piece to be cut (data.crop_pad_size, or with data.rescale_gt data.gt_size): "
           "leave "
           "them out, continue them by reflection as the published code does, or enlarge them")
      .one_of({kLeaveSmallOut, kReflectSmall, kEnlargeSmall});
  settings.add("data.use_hflip", use_hflip, "mirror half of the samples");
  settings.add("data.use_rot", use_rot, "turn samples by multiples of 90 degrees");
  settings.add("data.latents", latents, "store the first stage's latents; without, training computes them");
  settings.add("data.coverage_hr", coverage_hr, "store the coverage of the high-resolution image too");
  settings.add("masks.keep", keep_masks, "store the masks themselves too, as COCO run lengths");
  settings.add("data.samples_per_shard", samples_per_shard, "samples in a shard")
      .between(std::uint64_t{1}, std::uint64_t{1} << 20);
  settings.add("data.cache_mb", cache_mb, "memory for decoded photographs on each rank, MB").between(0, 1 << 20);
}

int DataSettings::scale_of(std::uint64_t index) const {
  return scales.empty() ? scale : static_cast<int>(scales[index / samples_per_shard % scales.size()]);
}

int DataSettings::scale_at(std::uint64_t position) const {
  return scales.empty() ? scale : static_cast<int>(scales[Rng(seed, "scale", {position}).below(scales.size())]);
}

std::vector<std::uint64_t> DataSettings::all_scales() const {
  std::set<std::uint64_t> all(scales.begin(), scales.end());
  if (all.empty()) {
    all.insert(static_cast<std::uint64_t>(scale));
  }
  return {all.begin(), all.end()};
}

void DataSettings::check() const {
  if (out.empty()) {
    throw UserError("data.out is not set; give the folder for the shards, data.out=DIR");
  }
  const auto check_multiples = [&](const char* key, std::int64_t factor) {
    if (gt_size % factor != 0 || crop_pad_size % factor != 0) {
      throw UserError("data.gt_size={} and data.crop_pad_size={} must be multiples of {}={}", gt_size, crop_pad_size,
                      key, factor);
    }
  };
  check_multiples("data.scale", scale);
  for (const std::int64_t each : scales) {
    check_multiples("data.scales", each);
  }
  if (!scales.empty() && std::ranges::find(scales, scale) == scales.end()) {
    throw UserError("data.scale={} is none of data.scales; set it to the one that results are first wanted for", scale);
  }
  if (rescale_gt && random_scale) {
    throw UserError("data.rescale_gt and data.random_scale contradict each other: set one of them to false");
  }
  if (crop_pad_size < gt_size) {
    throw UserError("data.crop_pad_size={} is below data.gt_size={}; raise it", crop_pad_size, gt_size);
  }
}

void BuildSettings::bind(Settings& settings) {
  data.bind(settings);
  images.bind(settings);
  degradation.bind(settings);
  masks.bind(settings);
  first_stage.bind(settings);
}

}  // namespace samsr
