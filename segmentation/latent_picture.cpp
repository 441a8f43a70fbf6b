#include "segmentation/latent_picture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "core/error.h"

namespace samsr {

ValueRange value_range(const std::vector<at::Tensor>& maps) {
  ValueRange range{std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity()};
  for (const at::Tensor& map : maps) {
    range.lowest = std::min(range.lowest, map.min().item<float>());
    range.highest = std::max(range.highest, map.max().item<float>());
  }
  return range;
}

cv::Mat stretched_to_bytes(const at::Tensor& map, const ValueRange& range) {
  TORCH_CHECK(map.dim() == 3 && map.size(0) == 3, "stretched_to_bytes: expected (3,h,w), got ", map.sizes());
  const double length = static_cast<double>(range.highest) - range.lowest + 1e-6;
  const at::Tensor levels = map.cpu().sub(range.lowest).div(length).mul(255).clamp(0, 255);
  const at::Tensor pixels = levels.to(at::kByte).flip(0).permute({1, 2, 0}).contiguous();
  return cv::Mat(static_cast<int>(map.size(1)), static_cast<int>(map.size(2)), CV_8UC3, pixels.data_ptr()).clone();
}

void check_latents_are_pictures(std::int64_t latent_channels, std::int64_t latent_factor, std::int64_t scale) {
  if (latent_channels != 3 || latent_factor != scale) {
    throw UserError(
        "masks are looked for in the latent (masks.picture), which must have three channels and the size of the LR "
        "image, but this first stage makes {} channels, {} times smaller than the HR image at scale {}; use "
        "first_stage.type=vq_f4, or set masks.picture=lr",
        latent_channels, latent_factor, scale);
  }
}

}  // namespace samsr
