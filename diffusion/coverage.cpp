#include "diffusion/coverage.h"

#include <ATen/ATen.h>
#include <c10/util/accumulate.h>

#include <vector>

namespace samsr {

at::Tensor pool_masks(const at::Tensor& masks, std::int64_t factor, double threshold) {
  TORCH_CHECK(masks.dim() >= 3, "masks: expected (…, M, H, W), got ", masks.sizes());
  TORCH_CHECK(masks.scalar_type() == at::kByte || masks.scalar_type() == at::kBool,
              "masks: expected uint8 or bool, got ", masks.scalar_type());
  TORCH_CHECK(factor >= 1 && masks.size(-1) % factor == 0 && masks.size(-2) % factor == 0, "masks: sides ",
              masks.sizes(), " are no multiple of ", factor);
  std::vector<std::int64_t> shape = masks.sizes().vec();
  const std::int64_t height = shape[shape.size() - 2] /= factor;
  const std::int64_t width = shape[shape.size() - 1] /= factor;
  const std::int64_t maps = c10::multiply_integers(shape.begin(), shape.end() - 2);
  // Sums of bytes stay bytes while 255 fit, which is many times faster than averaging floats.
  const at::ScalarType counts = factor * factor <= 255 ? at::kByte : at::kInt;
  const at::Tensor rows = masks.to(at::kByte).reshape({maps * height, factor, width * factor});
  const at::Tensor row_sums = rows.sum(1, false, counts);
  const at::Tensor sums = row_sums.reshape({maps * height * width, factor}).sum(1, false, counts);
  return (sums.to(at::kFloat) > threshold * static_cast<double>(factor * factor)).to(at::kByte).reshape(shape);
}

at::Tensor coverage(const at::Tensor& pooled) {
  TORCH_CHECK(pooled.dim() >= 3, "pooled masks: expected (…, M, H, W), got ", pooled.sizes());
  return pooled.sum(-3, false, at::kInt).clamp_max(255).to(at::kByte);
}

at::Tensor largest_coverage(const at::Tensor& coverage) {
  TORCH_CHECK(coverage.dim() >= 2, "coverage: expected (…, H, W), got ", coverage.sizes());
  return coverage.to(at::kFloat).amax({-2, -1}, /*keepdim=*/true);
}

at::Tensor semantic_weight(const at::Tensor& coverage, const at::Tensor& largest) {
  return coverage.to(at::kFloat) / largest.clamp_min(1);
}

at::Tensor semantic_weight(const at::Tensor& coverage) { return semantic_weight(coverage, largest_coverage(coverage)); }

at::Tensor coverage_at(const at::Tensor& coverage, std::int64_t height, std::int64_t width) {
  TORCH_CHECK(coverage.dim() == 4 && coverage.size(1) == 1, "coverage must be (B,1,H,W), got ", coverage.sizes());
  return at::upsample_nearest2d(coverage.to(at::kFloat), {height, width});
}

at::Tensor effective_coverage(const at::Tensor& coverage, const SamSettings& settings) {
  TORCH_CHECK(coverage.dim() == 4 && coverage.size(1) == 1, "coverage must be (B,1,h,w), got ", coverage.sizes());
  const at::Tensor counts = coverage.to(at::kFloat);
  return settings.released() ? counts.clamp_min(1) : counts;
}

}  // namespace samsr
