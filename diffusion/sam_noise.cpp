#include "diffusion/sam_noise.h"

#include <torch/torch.h>

#include "diffusion/coverage.h"

namespace samsr {
namespace {

constexpr double kSmallestDeviation = 1e-6;

/// 1 for the samples that no mask covers anywhere, whose largest coverage (B,1,1,1) is 0, else 0.
at::Tensor uncovered(const at::Tensor& largest) { return (largest == 0).to(torch::kFloat32); }

/// Over what mean and deviation of (B,C,h,w) are taken.
std::vector<std::int64_t> dimensions(const SamSettings& settings) {
  return settings.released() ? std::vector<std::int64_t>{2, 3} : std::vector<std::int64_t>{1, 2, 3};
}

at::Tensor standardised(const at::Tensor& noise, const SamSettings& settings) {
  const std::vector<std::int64_t> over = dimensions(settings);
  const at::Tensor deviation = noise.std(over, /*unbiased=*/settings.released(), /*keepdim=*/true);
  return (noise - noise.mean(over, /*keepdim=*/true)) / deviation.clamp_min(kSmallestDeviation);
}

/// N_sum of Eq. 6 in its coverage form, the mean in the variant `released`; `largest`: that of effective_coverage().
at::Tensor noise_sum(const at::Tensor& coverage, const at::Tensor& z, const at::Tensor& largest,
                     const SamSettings& settings) {
  const at::Tensor found = effective_coverage(coverage, settings);
  TORCH_CHECK(z.dim() == 4 && z.size(0) == found.size(0) && z.size(2) == found.size(2) && z.size(3) == found.size(3),
              "coverage_noise: z ", z.sizes(), " does not fit coverage ", found.sizes());
  const at::Tensor counts = found + uncovered(largest);
  return settings.released() ? z / counts.sqrt() : z * counts.sqrt();
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
  at::Tensor sum = (layers.unsqueeze(2) * z).sum(1) + uncovered(largest_coverage(counts)) * z.select(1, 0);
  if (settings.released()) {
    sum = sum / counts;
  }
  return standardised(sum, settings);
}

at::Tensor coverage_noise(const at::Tensor& coverage, const at::Tensor& z, const SamSettings& settings) {
  const at::Tensor largest = largest_coverage(effective_coverage(coverage, settings));
  return standardised(noise_sum(coverage, z, largest, settings), settings);
}

void SamStatisticsSum::add_coverage(const at::Tensor& coverage) {
  TORCH_CHECK(coverage.size(0) == 1 && numbers_ == 0, "SamStatisticsSum: coverage of one picture comes before noise");
  const at::Tensor here = largest_coverage(effective_coverage(coverage, settings_));
  largest_ = largest_.defined() ? at::maximum(largest_, here) : here;
}

void SamStatisticsSum::add_noise(const at::Tensor& coverage, const at::Tensor& z) {
  TORCH_CHECK(largest_.defined(), "SamStatisticsSum: coverage comes before noise");
  const at::Tensor piece = noise_sum(coverage, z, largest_, settings_);
  const std::vector<std::int64_t> over = dimensions(settings_);
  const at::Tensor sum = piece.sum(over, /*keepdim=*/true, at::kDouble);
  const at::Tensor squares = piece.square().sum(over, /*keepdim=*/true, at::kDouble);
  sum_ = sum_.defined() ? sum_ + sum : sum;
  squares_ = squares_.defined() ? squares_ + squares : squares;
  numbers_ += piece.numel() / sum.numel();
}

SamStatistics SamStatisticsSum::statistics() const {
  TORCH_CHECK(numbers_ > 0, "SamStatisticsSum: of nothing");
  const auto n = static_cast<double>(numbers_);
  const at::Tensor mean = sum_ / n;
  // N_sum has mean 0 but for chance, so nothing is lost in the difference. The unbiased deviation of one number is
  // NaN, as torch::std says too.
  const at::Tensor variance = (squares_ - sum_ * mean).clamp_min(0) / (settings_.released() ? n - 1 : n);
  return {largest_, mean.to(at::kFloat), variance.sqrt().to(at::kFloat).clamp_min(kSmallestDeviation)};
}

at::Tensor coverage_noise(const at::Tensor& coverage, const at::Tensor& z, const SamStatistics& statistics,
                          const SamSettings& settings) {
  return noise_sum(coverage, z, statistics.largest, settings).sub_(statistics.mean).div_(statistics.deviation);
}

}  // namespace samsr
