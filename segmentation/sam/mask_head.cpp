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
at::Tensor as_matrix(const torch::nn::ConvTranspose2d& conv) {
  return conv->weight.detach().permute({2, 3, 1, 0}).flatten(0, 2).contiguous();
}

at::Tensor repeated_bias(const torch::nn::ConvTranspose2d& conv) { return conv->bias.detach().repeat({4}); }

/// Rows of a matrix (4·n, …), or numbers, for each of the four less the mean of its n: what they make has no mean.
at::Tensor centred(const at::Tensor& rows) {
  const at::Tensor four = rows.unflatten(0, {4, -1});
  return (four - four.mean(1, true)).flatten(0, 1);
}

/// Where no CPU's kernels compute.
at::Tensor centred_elsewhere(const at::Tensor& rows) { return cpu_kernels(rows) ? rows : centred(rows); }

/// Side of a square of that many positions.
std::int64_t grid_of(std::int64_t positions) {
  return static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(positions))));
}

}  // namespace

SamMaskHead::SamMaskHead(const SamMaskDecoder& decoder, at::ScalarType type)
    : matrix_in_(centred_elsewhere(as_matrix(decoder.upscaling_in)).to(type)),
      bias_in_(centred_elsewhere(repeated_bias(decoder.upscaling_in)).to(type)),
      norm_weight_(decoder.upscaling_norm->weight.detach()),
      norm_bias_(decoder.upscaling_norm->bias.detach()),
      matrix_out_(as_matrix(decoder.upscaling_out).to(type)),
      bias_out_(repeated_bias(decoder.upscaling_out).to(type)) {}

at::Tensor SamMaskHead::enlarged(const at::Tensor& positions) const {
  at::Tensor doubled = wide_linear(positions, matrix_in_, bias_in_).view({-1, norm_weight_.size(0)});
  if (cpu_kernels(doubled)) {
    normalise(doubled, {}, norm_weight_, norm_bias_, LayerNorm2d::kEpsilon, doubled);
  } else {
    normalise_centred_(doubled);
  }
  at::Tensor fine = wide_linear(at::gelu_(doubled), matrix_out_, bias_out_);
  return at::gelu_(fine).view({16 * positions.size(0), -1});
}

void SamMaskHead::normalise_centred_(at::Tensor& rows) const {
  const at::ScalarType type = rows.scalar_type();
  const at::Tensor length = at::linalg_vector_norm(rows, 2, {1}, /*keepdim=*/true, at::kFloat);
  const at::Tensor variance = length.square() / static_cast<double>(rows.size(1));
  rows.mul_((variance + LayerNorm2d::kEpsilon).rsqrt().to(type));
  at::addcmul_out(rows, norm_bias_.to(type), rows, norm_weight_.to(type));
}

at::Tensor SamMaskHead::logits(const at::Tensor& image, const at::Tensor& weights) const {
  const std::int64_t masks = weights.size(0);
  const std::int64_t positions = image.size(0);
  const at::Tensor of_type = weights.to(image.scalar_type());
  at::Tensor flat = at::empty({masks, 16 * positions}, weights.options());
  for (std::int64_t first = 0; first < positions; first += kPositionsAtOnce) {
    const std::int64_t count = std::min(kPositionsAtOnce, positions - first);
    flat.narrow(1, 16 * first, 16 * count).copy_(wide_linear(of_type, enlarged(image.narrow(0, first, count)), {}));
  }
  return as_maps(flat, grid_of(positions));
}

at::Tensor SamMaskHead::logits_of_points(const at::Tensor& images, const at::Tensor& weights,
                                         const at::Tensor& wanted) const {
  const std::int64_t points = images.size(0);
  const std::int64_t positions = images.size(1);
  const std::int64_t grid = grid_of(positions);
  const at::Tensor fine = enlarged(images.flatten(0, 1)).view({points, 16 * positions, -1});
  const at::Tensor flat = at::bmm(weights.to(images.scalar_type()), fine.transpose(1, 2)).flatten(0, 1);
  return flat.index_select(0, wanted)
      .view({wanted.size(0), grid, grid, 2, 2, 2, 2})
      .permute({0, 1, 3, 5, 2, 4, 6})
      .reshape({wanted.size(0), 4 * grid, 4 * grid})
      .to(at::kFloat);
}

}  // namespace samsr
