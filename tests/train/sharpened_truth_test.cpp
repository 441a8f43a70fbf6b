// The sharpened truth against USMSharp written anew in float64.

#include "train/losses/sharpened_truth.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/pixels.h"

namespace samsr {
namespace {

/// Bytes (2,3,40,56): edges, slopes and noise.
at::Tensor bytes_to_sharpen() {
  torch::manual_seed(3);
  const at::Tensor coarse = torch::rand({2, 3, 5, 7}) * 255;
  const at::Tensor smooth = at::upsample_bilinear2d(coarse, {40, 56}, /*align_corners=*/true);
  const at::Tensor blocks = (torch::rand({2, 1, 5, 7}) * 120 - 60).repeat_interleave(8, 2).repeat_interleave(8, 3);
  return (smooth + blocks + 6 * torch::randn_like(smooth)).round().clamp(0, 255).to(at::kByte);
}

/// Correlation with a Gaussian of `taps` in both directions, σ as OpenCV derives it from the taps; borders reflected
/// without their edge.
at::Tensor gaussian_by_definition(const at::Tensor& plane, std::int64_t taps) {
  const double sigma = 0.3 * ((static_cast<double>(taps) - 1) * 0.5 - 1) + 0.8;
  std::vector<double> kernel;
  double total = 0;
  for (std::int64_t i = 0; i < taps; ++i) {
    const double at = static_cast<double>(i) - static_cast<double>(taps - 1) / 2;
    kernel.push_back(std::exp(-at * at / (2 * sigma * sigma)));
    total += kernel.back();
  }
  const auto reflected = [](std::int64_t i, std::int64_t size) {
    i = std::abs(i);
    return i < size ? i : 2 * (size - 1) - i;
  };
  const at::Tensor result = torch::zeros_like(plane);
  auto out = result.accessor<double, 2>();
  const auto in = plane.accessor<double, 2>();
  for (std::int64_t y = 0; y < plane.size(0); ++y) {
    for (std::int64_t x = 0; x < plane.size(1); ++x) {
      for (std::int64_t i = 0; i < taps; ++i) {
        for (std::int64_t j = 0; j < taps; ++j) {
          out[y][x] += kernel[i] * kernel[j] / (total * total) *
                       in[reflected(y + i - taps / 2, plane.size(0))][reflected(x + j - taps / 2, plane.size(1))];
        }
      }
    }
  }
  return result;
}

/// basicsr/utils/img_process_util.py: USMSharp, of a plane in [0,1], float64.
at::Tensor usm_by_definition(const at::Tensor& plane, std::int64_t radius, double weight, double threshold) {
  const std::int64_t taps = radius % 2 == 0 ? radius + 1 : radius;
  const at::Tensor residual = plane - gaussian_by_definition(plane, taps);
  const at::Tensor mask = (residual.abs() * 255 > threshold).to(at::kDouble);
  const at::Tensor soft = gaussian_by_definition(mask, taps);
  return soft * (plane + weight * residual).clamp(0, 1) + (1 - soft) * plane;
}

TEST(SharpenedTruth, IsUsmSharpInDouble) {
  const at::Tensor bytes = bytes_to_sharpen();
  for (const SharpenSettings& settings : {SharpenSettings{50, 0.5, 10}, SharpenSettings{20, 1.5, 20}}) {
    const at::Tensor found = sharpened_truth(bytes, settings);
    ASSERT_EQ(found.sizes(), bytes.sizes());
    EXPECT_EQ(found.scalar_type(), at::kFloat);
    double moved = 0;
    for (std::int64_t c = 0; c < 3; ++c) {
      const at::Tensor plane = bytes[1][c].to(at::kDouble) / 255;
      const at::Tensor expected = usm_by_definition(plane, settings.radius, settings.weight, settings.threshold);
      const at::Tensor unit = (found[1][c].to(at::kDouble) + 1) / 2;
      EXPECT_LT((unit - expected).abs().max().item<double>(), 2e-5);
      moved = std::max(moved, (expected - plane).abs().max().item<double>());
    }
    EXPECT_GT(moved, 0.02);
  }
}

TEST(SharpenedTruth, IsTheSameFromBytesAndFromWhatNetworksSee) {
  const at::Tensor bytes = bytes_to_sharpen();
  const SharpenSettings settings{50, 0.5, 10};
  EXPECT_TRUE(sharpened_truth(signed_from_bytes(bytes), settings).equal(sharpened_truth(bytes, settings)));
  EXPECT_TRUE(sharpened_truth(bytes.slice(0, 1), settings).equal(sharpened_truth(bytes, settings).slice(0, 1)));
}

}  // namespace
}  // namespace samsr
