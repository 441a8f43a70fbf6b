#pragma once
// What SAMSR's released code shows to Segment Anything: not the enlarged LR image but its latent, stretched to bytes
// (docs/method.md, "Paper and released code"). Images in [-1,1] are shown likewise.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

namespace samsr {

/// The least and the greatest number of the maps that are stretched alike.
struct ValueRange {
  float lowest;
  float highest;
};

/// Of all `maps`, of any shapes, float32.
ValueRange value_range(const std::vector<at::Tensor>& maps);

/// A map (3,h,w) float32 as CV_8UC3 (h,w): (v - lowest) / (highest - lowest + 1e-6) · 255, cut to 0 … 255 and down to
/// whole numbers, with the channels in reverse order.
cv::Mat stretched_to_bytes(const at::Tensor& map, const ValueRange& range);

/// UserError unless latents of a first stage have three channels and the size of the LR image, as Segment Anything and
/// the coverage of the shards need them.
void check_latents_are_pictures(std::int64_t latent_channels, std::int64_t latent_factor, std::int64_t scale);

}  // namespace samsr
