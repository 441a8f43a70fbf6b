#include "train/losses/image_losses.h"

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
  EXPECT_EQ(absolute_loss(picture, picture).abs().max().item<float>(), 0);
  EXPECT_LT(structure_loss(picture, picture).abs().max().item<float>(), 1e-5);
  EXPECT_EQ(structure_loss(picture, picture).sizes(), at::IntArrayRef({2}));
  EXPECT_EQ(gradient_loss(picture, picture).abs().max().item<float>(), 0);
  EXPECT_EQ(texture_loss(picture, picture).abs().max().item<float>(), 0);
  EXPECT_EQ(gradient_loss(picture, picture).sizes(), at::IntArrayRef({2}));
  EXPECT_EQ(texture_loss(picture, picture).sizes(), at::IntArrayRef({2}));
}

TEST(DetailLosses, L1IsTheMeanDistanceAndItsGradientTheSameForAll) {
  const at::Tensor truth = torch::zeros({2, 3, 4, 4});
  const at::Tensor picture = torch::full({2, 3, 4, 4}, 0.5);
  picture.slice(3, 0, 2).fill_(-0.1);
  picture.requires_grad_();
  const at::Tensor losses = absolute_loss(picture, truth);
  EXPECT_TRUE(losses.allclose(torch::full({2}, 0.3)));
  losses.sum().backward();
  EXPECT_TRUE(picture.grad().abs().allclose(torch::full_like(picture, 1.0 / 48)));
}

TEST(DetailLosses, TextureAsksForStrengthAndNotForPhase) {
  const at::Tensor truth = textured(1, 0.2);
  const at::Tensor another = textured(2, 0.2);
  const at::Tensor none = textured(3, 0);
  EXPECT_LT(mean_of(texture_loss(another, truth)), 0.3 * mean_of(texture_loss(none, truth)));
  EXPECT_GT(mean_of(gradient_loss(another, truth)), 1.2 * mean_of(gradient_loss(none, truth)))
      << "differences of neighbours, as squared errors, prefer the blur";
}

TEST(DetailLosses, StructureIsSsimOfTheWindow) {
  // Two textures about the same level: within one window, by the definition.
  const at::Tensor a = textured(1, 0.2).narrow(0, 0, 1).slice(2, 0, 11).slice(3, 0, 11).to(torch::kDouble);
  const at::Tensor b = textured(2, 0.1).narrow(0, 0, 1).slice(2, 0, 11).slice(3, 0, 11).to(torch::kDouble);
  const at::Tensor offset = torch::arange(11, torch::kDouble) - 5;
  const at::Tensor line = (offset.square() / (-2 * 1.5 * 1.5)).exp();
  const at::Tensor window = torch::outer(line, line) / line.sum().square();
  const auto luma = [](const at::Tensor& x) {
    return (16 + 219 * (0.299 * x[0][0] + 0.587 * x[0][1] + 0.114 * x[0][2] + 1) / 2) / 255;
  };
  const auto mean = [&](const at::Tensor& x) { return (window * x).sum().item<double>(); };
  const at::Tensor x = luma(a);
  const at::Tensor y = luma(b);
  const double covariance = mean(x * y) - mean(x) * mean(y);
  const double x_variance = mean(x * x) - mean(x) * mean(x);
  const double y_variance = mean(y * y) - mean(y) * mean(y);
  const double ssim = (2 * mean(x) * mean(y) + 1e-4) * (2 * covariance + 9e-4) /
                      ((mean(x) * mean(x) + mean(y) * mean(y) + 1e-4) * (x_variance + y_variance + 9e-4));
  EXPECT_NEAR(mean_of(structure_loss(a, b)), 1 - ssim, 1e-6);
}

TEST(DetailLosses, GradientAsksForEdgesAndNotForLevels) {
  const at::Tensor truth = textured(1, 0.2);
  EXPECT_LT(mean_of(gradient_loss(truth + 0.3, truth)), 1e-6);
  EXPECT_GT(mean_of(gradient_loss(at::avg_pool2d(truth, 3, 1, 1), truth)), 0.05);
}

TEST(DetailLosses, AreMeansOfDifferencesOnASawtooth) {
  // Columns alternate between 0 and 1: neighbours differ by 1 along rows, not at all along columns, and halves are
  // flat.
  const at::Tensor columns = (torch::arange(kSide) % 2).to(torch::kFloat).expand({1, 3, kSide, kSide}).contiguous();
  const at::Tensor flat = torch::zeros_like(columns);
  EXPECT_NEAR(mean_of(gradient_loss(columns, flat)), 1.0 / 6, 1e-5);
  // The blur leaves 1/2 everywhere, so the band is ±1/2; half the size is flat.
  EXPECT_NEAR(mean_of(texture_loss(columns, flat)), (0.5 - 0.002) / 2, 1e-3);
}

TEST(DetailLosses, GradientsAgreeWithDifferences) {
  const at::Tensor truth = textured(1, 0.2).to(torch::kDouble);
  for (const auto loss : {structure_loss, gradient_loss, texture_loss}) {
    at::Tensor picture = textured(2, 0.1).to(torch::kDouble).requires_grad_();
    loss(picture, truth).sum().backward();
    const at::Tensor direction = torch::randn_like(truth);
    const double along = (picture.grad() * direction).sum().item<double>();
    const torch::NoGradGuard no_grad;
    const double step = 1e-6;
    const double found =
        ((loss(picture + step * direction, truth) - loss(picture - step * direction, truth)).sum() / (2 * step))
            .item<double>();
    EXPECT_NEAR(found, along, 1e-3 * std::abs(along) + 1e-6);
  }
}

}  // namespace
}  // namespace samsr
