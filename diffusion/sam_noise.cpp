#include "diffusion/sam_noise.h"

#include <torch/torch.h>

#include "diffusion/coverage.h"

namespace samsr {
namespace {

constexpr double kSmallestDeviation = 1e-6;

at::Tensor standardised(const at::Tensor& noise, const SamSettings& settings) {
  const std::vector<std::int64_t> over =
      settings.released() ? std::vector<std::int64_t>{2, 3} : std::vector<std::int64_t>{1, 2, 3};
  const at::Tensor deviation = noise.std(over, /*unbiased=*/settings.released(), /*keepdim=*/true);
  return (noise - noise.mean(over, /*keepdim=*/true)) / deviation.clamp_min(kSmallestDeviation);
}

/// 1 for the samples of counts (B,1,h,w) that no mask covers anywhere, else 0: (B,1,1,1).
at::Tensor uncovered(const at::Tensor& counts) {
  return (counts.amax({1, 2, 3}, /*keepdim=*/true) == 0).to(torch::kFloat32);
}

}  // namespace

at::Tensor mask_noise(const at::Tensor& masks, const at::Tensor& z, const SamSettings& settings) {
  TORCH_CHECK(masks.dim() == 4 && z.dim() == 5, "mask_noise: masks must be (B,M,h,w) and z (B,M,C,h,w)");
  at::Tensor layers = masks.to(torch::kFloat32);
  if (settings.released()) {
    const at::Tensor background = (layers.amax(1, /*keepdim=*/true) == 0).to(torch::kFloat32);
    layers = at::cat({layers, background}, 1);
  }
  TORCH_CHECK(z.size(1) == layers.size(1), "mask_noise: ", z.size(1), " maps of noise for ", layers.size(1), " masks");
  const at::Tensor counts = layers.sum(1, /*keepdim=*/true);
  at::Tensor sum = (layers.unsqueeze(2) * z).sum(1) + uncovered(counts) * z.select(1, 0);
  if (settings.released()) {
    sum = sum / counts;
  }
  return standardised(sum, settings);
}

at::Tensor coverage_noise(const at::Tensor& coverage, const at::Tensor& z, const SamSettings& settings) {
  at::Tensor counts = effective_coverage(coverage, settings);
  TORCH_CHECK(z.dim() == 4 && z.size(0) == counts.size(0) && z.size(2) == counts.size(2) && z.size(3) == counts.size(3),
              "coverage_noise: z ", z.sizes(), " does not fit coverage ", counts.sizes());
  counts = counts + uncovered(counts);
  return standardised(settings.released() ? z / counts.sqrt() : z * counts.sqrt(), settings);
}

}  // namespace samsr
