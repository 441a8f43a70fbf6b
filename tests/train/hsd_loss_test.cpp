// TAD-SR's score distillation in closed form, and its gradient against differences in float64.

#include "train/losses/hsd_loss.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "diffusion/resshift.h"

namespace samsr {
namespace {

class HsdLoss : public ::testing::Test {
 protected:
  HsdLoss() {
    torch::manual_seed(2);
    const auto latent = [] { return torch::randn({2, 3, 4, 4}, torch::kDouble); };
    x0_ = latent();
    teacher_x0_ = latent();
    z_y_ = latent();
    noise_ = latent();
  }

  at::Tensor difference(const Denoiser& teacher, bool scaled_twice = false) const {
    return score_difference(diffusion_, teacher, x0_, teacher_x0_, z_y_, torch::zeros({2, 3, 4, 4}), steps_, noise_,
                            scaled_twice);
  }

  const Diffusion diffusion_{DiffusionSettings(), /*pixel_space=*/false};
  const at::Tensor steps_ = torch::tensor({0, 2}, torch::kLong);
  at::Tensor x0_, teacher_x0_, z_y_, noise_;
};

TEST_F(HsdLoss, OfATeacherThatSaysOneThingIsTheDistanceOfTheInputs) {
  const Denoiser constant = [](const at::Tensor& scaled, const at::Tensor&, const at::Tensor&) {
    return torch::full_like(scaled, 0.3);
  };
  const at::Tensor eta = diffusion_.schedule().sqrt_eta_at(steps_).square();
  const at::Tensor expected = (1 - eta) * (x0_ - teacher_x0_) / (diffusion_.schedule().kappa() * eta.sqrt());
  EXPECT_TRUE(difference(constant).allclose(expected, 1e-5));
}

TEST_F(HsdLoss, OfATeacherThatFollowsItsInputHasTheScalingOnceOrTwice) {
  // f = s(x), so ε_T = (x - (1-η) f - …) / (κ√η) differs by (1-η)(1 - (1-η)/d)(x0 - x̂_0) / (κ√η), d the divisor.
  const Denoiser identity = [](const at::Tensor& scaled, const at::Tensor&, const at::Tensor&) { return scaled; };
  const double kappa = diffusion_.schedule().kappa();
  const at::Tensor eta = diffusion_.schedule().sqrt_eta_at(steps_).square();
  const at::Tensor divisor = (kappa * kappa * eta + 1).sqrt();
  const at::Tensor distance = (1 - eta) * (x0_ - teacher_x0_) / (kappa * eta.sqrt());
  EXPECT_TRUE(difference(identity).allclose(distance * (1 - (1 - eta) / divisor), 1e-4, 1e-6));
  EXPECT_TRUE(difference(identity, true).allclose(distance * (1 - (1 - eta) / divisor.square()), 1e-4, 1e-6));
}

TEST_F(HsdLoss, IsOneNoiseForBothAndZeroForEqualOnes) {
  const Denoiser bent = [](const at::Tensor& scaled, const at::Tensor&, const at::Tensor&) { return scaled.tanh(); };
  teacher_x0_ = x0_.clone();
  EXPECT_LT(difference(bent).abs().max().item<double>(), 1e-9);
}

TEST_F(HsdLoss, GradientIsTheScoreDifferenceAndAgreesWithDifferences) {
  const Denoiser bent = [](const at::Tensor& scaled, const at::Tensor&, const at::Tensor&) { return scaled.tanh(); };
  x0_.requires_grad_();
  const at::Tensor g = difference(bent);
  EXPECT_FALSE(g.requires_grad());
  const at::Tensor losses = hsd_loss(x0_, g);
  ASSERT_EQ(losses.sizes(), at::IntArrayRef({2}));
  losses.sum().backward();
  EXPECT_TRUE(x0_.grad().allclose(g / 48));
  constexpr double kStep = 1e-4;
  const torch::NoGradGuard no_grad;
  const at::Tensor direction = torch::randn_like(x0_);
  const auto value = [&](double step) { return hsd_loss(x0_ + step * direction, g).sum().item<double>(); };
  EXPECT_NEAR((value(kStep) - value(-kStep)) / (2 * kStep), (x0_.grad() * direction).sum().item<double>(), 1e-8);
}

}  // namespace
}  // namespace samsr
