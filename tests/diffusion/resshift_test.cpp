#include "diffusion/resshift.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>

#include "core/rng.h"
#include "diffusion/noise.h"

namespace samsr {
namespace {

DiffusionSettings with_predict_type(const std::string& type) {
  DiffusionSettings settings;
  settings.predict_type = type;
  return settings;
}

at::Tensor normal(std::uint64_t index, at::IntArrayRef shape) {
  Rng rng(7, "test", {index});
  return standard_normal(rng, shape);
}

TEST(Schedule, StartsAndEndsWhereTheSettingsSay) {
  const Schedule schedule{DiffusionSettings()};
  EXPECT_NEAR(schedule.sqrt_eta(0), 0.02, 1e-12);
  EXPECT_NEAR(schedule.sqrt_eta(14), 0.99, 1e-12);
  EXPECT_EQ(schedule.eta_before(0), 0);
  EXPECT_EQ(schedule.eta_before(3), schedule.eta(2));
}

TEST(Schedule, GivesEachSampleTheValueOfItsStep) {
  const Schedule original{DiffusionSettings()};
  const Schedule schedule = original;
  const std::vector<std::int64_t> steps{14, 0, 3, 3};
  for (int again = 0; again < 2; ++again) {
    const at::Tensor values = schedule.sqrt_eta_at(torch::tensor(steps));
    ASSERT_EQ(values.sizes(), at::IntArrayRef({4, 1, 1, 1}));
    ASSERT_EQ(values.scalar_type(), at::kFloat);
    for (std::size_t b = 0; b < steps.size(); ++b) {
      EXPECT_EQ(values[static_cast<std::int64_t>(b)].item<float>(), static_cast<float>(schedule.sqrt_eta(steps[b])));
    }
  }
}

TEST(Diffusion, TakesTheResidualInOnePlace) {
  const at::Tensor z_y = normal(0, {1, 3, 2, 2});
  const Denoiser one = [](const at::Tensor& x, const at::Tensor&, const at::Tensor&) { return torch::ones_like(x); };
  const auto predicted = [&](const std::string& type) {
    return Diffusion(with_predict_type(type), false).predict_x0(one, z_y, 3, z_y, {});
  };
  EXPECT_TRUE(predicted("xstart").equal(torch::ones_like(z_y)));
  EXPECT_TRUE(predicted("residual").equal(z_y - 1));
}

TEST(Diffusion, ScalesAndClampsInPixelSpace) {
  DiffusionSettings settings;
  const Diffusion pixels(settings, true);
  const at::Tensor x = normal(0, {2, 3, 2, 2});
  const double sqrt_eta = pixels.schedule().sqrt_eta(5);
  EXPECT_TRUE(pixels.scale_input(x, 5).allclose(x / (3 * 2 * sqrt_eta + 1)));
  EXPECT_TRUE(Diffusion(settings, false).scale_input(x, 5).allclose(x / std::sqrt(4 * sqrt_eta * sqrt_eta + 1)));
  EXPECT_TRUE(pixels.scale_input(x, 5).allclose(pixels.scale_input(x, steps_of(5, 2, torch::kCPU))));
  const Denoiser large = [](const at::Tensor& in, const at::Tensor&, const at::Tensor&) { return in * 0 + 3; };
  EXPECT_EQ(pixels.predict_x0(large, x, 5, x, {}).max().item<float>(), 1);
  EXPECT_EQ(Diffusion(settings, false).predict_x0(large, x, 5, x, {}).max().item<float>(), 3);
  settings.normalize_input = false;
  EXPECT_TRUE(Diffusion(settings, false).scale_input(x, 5).equal(x));
}

TEST(ResShift, LossOfAPerfectDenoiserIsZero) {
  const Diffusion diffusion(DiffusionSettings(), false);
  const at::Tensor z_0 = normal(0, {2, 3, 4, 4});
  const Denoiser perfect = [&](const at::Tensor&, const at::Tensor&, const at::Tensor&) { return z_0; };
  const at::Tensor steps = torch::tensor({0, 14}, torch::kInt64);
  const at::Tensor loss = resshift_loss(
      resshift_prediction(diffusion, perfect, z_0, normal(1, {2, 3, 4, 4}), {}, steps, normal(2, {2, 3, 4, 4})), z_0);
  EXPECT_TRUE(loss.equal(torch::zeros({2})));
}

TEST(ResShift, PosteriorKeepsTheForwardProcess) {
  // Marginals must agree: with x_i of q(x_i | z_0), a posterior step gives q(x_{i-1} | z_0).
  const Schedule schedule{DiffusionSettings()};
  for (std::int64_t i = 1; i < schedule.steps(); ++i) {
    const Posterior step = posterior(schedule, i);
    EXPECT_NEAR(step.x_weight + step.x0_weight, 1, 1e-12);
    const double kappa2 = schedule.kappa() * schedule.kappa();
    const double variance = step.x_weight * step.x_weight * kappa2 * schedule.eta(i) + step.deviation * step.deviation;
    EXPECT_NEAR(variance, kappa2 * schedule.eta(i - 1), 1e-12);
    EXPECT_NEAR(step.x_weight * schedule.eta(i), schedule.eta(i - 1), 1e-12);
  }
  EXPECT_EQ(posterior(schedule, 0).deviation, 0);
}

TEST(ResShift, AncestralSamplingHasTheVarianceOfThePosterior) {
  const Diffusion diffusion(DiffusionSettings(), false);
  const Schedule& schedule = diffusion.schedule();
  const at::Tensor z_0 = torch::zeros({1, 3, 64, 64});
  const at::Tensor z_y = torch::zeros({1, 3, 64, 64});
  std::vector<at::Tensor> seen;
  const Denoiser perfect = [&](const at::Tensor& scaled, const at::Tensor& steps, const at::Tensor&) {
    const double eta = schedule.eta(steps[0].item<std::int64_t>());
    seen.push_back(scaled * std::sqrt(4 * eta + 1));
    return z_0;
  };
  const at::Tensor noise = normal(0, {schedule.steps(), 1, 3, 64, 64});
  EXPECT_TRUE(sample_ancestral(diffusion, perfect, z_y, {}, noise).equal(z_0));
  ASSERT_EQ(seen.size(), static_cast<std::size_t>(schedule.steps()));
  for (std::int64_t n = 0; n < schedule.steps(); ++n) {
    const double expected = 4 * schedule.eta(schedule.last() - n);
    EXPECT_NEAR(seen[static_cast<std::size_t>(n)].var().item<double>() / expected, 1, 0.05) << n;
  }
}

}  // namespace
}  // namespace samsr
