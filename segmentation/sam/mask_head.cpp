#include "segmentation/sam/mask_head.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/kernels.h"
#include "models/layers/wide_linear.h"
#include "segmentation/sam/image_kernels.h"

namespace samsr {
namespace {

/// Positions at a time on a CPU: they become sixteen times as many, which should stay in a core's cache.
constexpr std::int64_t kPositionsAtOnce = 256;

/// Weight (in, out, 2, 2) of a transposed convolution as a matrix (2·2·out, in).
at::Tensor as_matrix(const torch::nn::ConvTranspose2d& conv, at::ScalarType type) {
  return conv->weight.detach().permute({2, 3, 1, 0}).flatten(0, 2).to(type).contiguous();
}

at::Tensor repeated_bias(const torch::nn::ConvTranspose2d& conv, at::ScalarType type) {
  return conv->bias.detach().repeat({4}).to(type);
}

}  // namespace

SamMaskHead::SamMaskHead(const SamMaskDecoder& decoder, at::ScalarType type)
    : matrix_in_(as_matrix(decoder.upscaling_in, type)),
      bias_in_(repeated_bias(decoder.upscaling_in, type)),
      norm_weight_(decoder.upscaling_norm->weight.detach()),
      norm_bias_(decoder.upscaling_norm->bias.detach()),
      matrix_out_(as_matrix(decoder.upscaling_out, type)),
      bias_out_(repeated_bias(decoder.upscaling_out, type)) {}

at::Tensor SamMaskHead::enlarged(const at::Tensor& positions) const {
  at::Tensor doubled = wide_linear(positions, matrix_in_, bias_in_).view({-1, norm_weight_.size(0)});
  if (cpu_kernels(doubled)) {
    normalise(doubled, {}, norm_weight_, norm_bias_, LayerNorm2d::kEpsilon, doubled);
  } else {
    const at::ScalarType type = doubled.scalar_type();
    doubled = at::layer_norm(doubled, norm_weight_.sizes(), norm_weight_.to(type), norm_bias_.to(type),
                             LayerNorm2d::kEpsilon);
  }
  at::Tensor fine = wide_linear(at::gelu_(doubled), matrix_out_, bias_out_);
  return at::gelu_(fine).view({16 * positions.size(0), -1});
}

at::Tensor SamMaskHead::logits(const at::Tensor& image, const at::Tensor& weights) const {
  const std::int64_t masks = weights.size(0);
  const std::int64_t positions = image.size(0);
  const auto grid = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(positions))));
  const std::int64_t tile = cpu_kernels(image) ? kPositionsAtOnce : positions;
  const at::Tensor of_type = weights.to(image.scalar_type());
  at::Tensor flat = at::empty({masks, 16 * positions}, weights.options());
  for (std::int64_t first = 0; first < positions; first += tile) {
    const std::int64_t count = std::min(tile, positions - first);
    flat.narrow(1, 16 * first, 16 * count).copy_(wide_linear(of_type, enlarged(image.narrow(0, first, count)), {}));
  }
  if (cpu_kernels(flat)) {
    return as_maps(flat, grid);
  }
  return flat.view({masks, grid, grid, 2, 2, 2, 2}).permute({0, 1, 3, 5, 2, 4, 6}).reshape({masks, 4 * grid, 4 * grid});
}

}  // namespace samsr
