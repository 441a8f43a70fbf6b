#include "segmentation/sam/mask_head.h"

#include <ATen/ATen.h>

#include <cmath>

namespace samsr {
namespace {

/// Weight (in, out, 2, 2) of a transposed convolution as a matrix (in, 2·2·out).
at::Tensor as_matrix(const torch::nn::ConvTranspose2d& conv, at::ScalarType type) {
  return conv->weight.detach().permute({0, 2, 3, 1}).flatten(1).to(type).contiguous();
}

at::Tensor repeated_bias(const torch::nn::ConvTranspose2d& conv, at::ScalarType type) {
  return conv->bias.detach().repeat({4}).to(type);
}

}  // namespace

SamMaskHead::SamMaskHead(const SamMaskDecoder& decoder, at::ScalarType type)
    : matrix_in_(as_matrix(decoder.upscaling_in, type)),
      bias_in_(repeated_bias(decoder.upscaling_in, type)),
      norm_weight_(decoder.upscaling_norm->weight.detach().to(type)),
      norm_bias_(decoder.upscaling_norm->bias.detach().to(type)),
      matrix_out_(as_matrix(decoder.upscaling_out, type)),
      bias_out_(repeated_bias(decoder.upscaling_out, type)) {}

at::Tensor SamMaskHead::logits(const at::Tensor& image, const at::Tensor& weights) const {
  const std::int64_t batch = image.size(0);
  const auto grid = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(image.size(1)))));
  const at::Tensor doubled = at::addmm(bias_in_, image.flatten(0, 1), matrix_in_).view({-1, norm_weight_.size(0)});
  const at::Tensor active = at::gelu(at::layer_norm(doubled, norm_weight_.sizes(), norm_weight_, norm_bias_,
                                                    LayerNorm2d::kEpsilon));
  const at::Tensor fine = at::gelu(at::addmm(bias_out_, active, matrix_out_)).view({batch, -1, weights.size(2)});
  // Positions come as (y, x, upper or lower, left or right, upper or lower, left or right).
  return at::bmm(weights.to(fine.scalar_type()), fine.transpose(1, 2))
      .view({batch, weights.size(1), grid, grid, 2, 2, 2, 2})
      .permute({0, 1, 2, 4, 6, 3, 5, 7})
      .reshape({batch, weights.size(1), 4 * grid, 4 * grid})
      .to(at::kFloat);
}

}  // namespace samsr
