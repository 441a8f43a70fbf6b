#include "train/detail_losses.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace samsr {
namespace {

constexpr std::int64_t kSide = 64;

/// Grey noise about a ramp, the same on all channels.
at::Tensor textured(std::uint64_t seed, double strength) {
  torch::manual_seed(seed);
  const at::Tensor ramp = torch::linspace(-0.5, 0.5, kSide).expand({2, 3, kSide, kSide});
  return ramp + strength * torch::randn({2, 1, kSide, kSide});
}

double mean_of(const at::Tensor& losses) { return losses.mean().item<double>(); }

TEST(DetailLosses, EqualPicturesHaveNone) {
  const at::Tensor picture = textured(1, 0.2);
  EXPECT_EQ(gradient_loss(picture, picture).abs().max().item<float>(), 0);
  EXPECT_EQ(texture_loss(picture, picture).abs().max().item<float>(), 0);
  EXPECT_EQ(gradient_loss(picture, picture).sizes(), at::IntArrayRef({2}));
  EXPECT_EQ(texture_loss(picture, picture).sizes(), at::IntArrayRef({2}));
}

TEST(DetailLosses, TextureAsksForStrengthAndNotForPhase) {
  const at::Tensor truth = textured(1, 0.2);
  const at::Tensor another = textured(2, 0.2);
  const at::Tensor none = textured(3, 0);
  EXPECT_LT(mean_of(texture_loss(another, truth)), 0.3 * mean_of(texture_loss(none, truth)));
  EXPECT_GT(mean_of(gradient_loss(another, truth)), 1.2 * mean_of(gradient_loss(none, truth)))
      << "differences of neighbours, as squared errors, prefer the blur";
}

TEST(DetailLosses, GradientAsksForEdgesAndNotForLevels) {
  const at::Tensor truth = textured(1, 0.2);
  EXPECT_LT(mean_of(gradient_loss(truth + 0.3, truth)), 1e-6);
  EXPECT_GT(mean_of(gradient_loss(at::avg_pool2d(truth, 3, 1, 1), truth)), 0.05);
}

TEST(DetailLosses, AreMeansOfDifferencesOnASawtooth) {
  // Columns alternate between 0 and 1: neighbours differ by 1 along rows, not at all along columns, and halves are flat.
  const at::Tensor columns = (torch::arange(kSide) % 2).to(torch::kFloat).expand({1, 3, kSide, kSide}).contiguous();
  const at::Tensor flat = torch::zeros_like(columns);
  EXPECT_NEAR(mean_of(gradient_loss(columns, flat)), 1.0 / 6, 1e-5);
  // The blur leaves 1/2 everywhere, so the band is ±1/2; half the size is flat.
  EXPECT_NEAR(mean_of(texture_loss(columns, flat)), (0.5 - 0.002) / 2, 1e-3);
}

TEST(DetailLosses, GradientsAgreeWithDifferences) {
  const at::Tensor truth = textured(1, 0.2).to(torch::kDouble);
  for (const auto loss : {gradient_loss, texture_loss}) {
    at::Tensor picture = textured(2, 0.1).to(torch::kDouble).requires_grad_();
    loss(picture, truth).sum().backward();
    const at::Tensor direction = torch::randn_like(truth);
    const double along = (picture.grad() * direction).sum().item<double>();
    const torch::NoGradGuard no_grad;
    const double step = 1e-6;
    const double found = ((loss(picture + step * direction, truth) - loss(picture - step * direction, truth)).sum() /
                          (2 * step)).item<double>();
    EXPECT_NEAR(found, along, 1e-3 * std::abs(along) + 1e-6);
  }
}

}  // namespace
}  // namespace samsr
