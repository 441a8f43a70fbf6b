#include "diffusion/process.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "diffusion/rollout.h"

namespace samsr {
namespace {

TEST(Process, UncoveredPixelsFollowThePlainProcess) {
  const Schedule schedule{DiffusionSettings()};
  const Process plain(schedule);
  const Process sam(schedule, torch::zeros({1, 1, 4, 6}, torch::kUInt8), SamSettings());
  for (const std::int64_t i : {std::int64_t{0}, schedule.last()}) {
    EXPECT_TRUE(sam.eta(i).allclose(plain.eta(i).to(torch::kFloat32)));
    EXPECT_TRUE(sam.coefficients(i).k.allclose(plain.coefficients(i).k.to(torch::kFloat32)));
  }
  const at::Tensor z = torch::randn({1, 3, 4, 6});
  EXPECT_TRUE(sam.prior(z, z).allclose(plain.prior(z, z)));
}

TEST(Process, WeighsByTheMostCoveredPixelOfEachSample) {
  const Schedule schedule{DiffusionSettings()};
  at::Tensor coverage = torch::zeros({2, 1, 1, 3}, torch::kUInt8);
  coverage[0][0][0][1] = 2;
  coverage[0][0][0][2] = 4;
  coverage[1][0][0][0] = 1;
  const Process process(schedule, coverage, SamSettings());
  const at::Tensor weight = torch::tensor({0.0, 0.5, 1.0, 1.0, 0.0, 0.0}).view({2, 1, 1, 3}).to(torch::kFloat32);
  EXPECT_TRUE(process.kappa().allclose(2.0 * (1 - 0.2 * weight)));
  EXPECT_TRUE(process.eta(3).allclose(schedule.eta(3) * (1 + 0.2 * weight)));
  SamSettings released;
  released.variant = "released";
  const at::Tensor with_background =
      torch::tensor({0.25, 0.5, 1.0, 1.0, 1.0, 1.0}).view({2, 1, 1, 3}).to(torch::kFloat32);
  EXPECT_TRUE(
      Process(schedule, coverage, released).eta(3).allclose(schedule.eta(3) * (1 + 0.2 * with_background).square()));
}

TEST(Process, WeightsActWhereTheyAreAskedTo) {
  const Schedule schedule{DiffusionSettings()};
  const at::Tensor coverage = torch::tensor({0, 1, 2}, torch::kUInt8).view({1, 1, 1, 3});
  const at::Tensor weight = torch::tensor({0.0, 0.5, 1.0}).view({1, 1, 1, 3}).to(torch::kFloat32);
  for (const auto& [modulate, eta, kappa] :
       {std::tuple{"both", 0.2, 0.2}, {"eta", 0.2, 0.0}, {"kappa", 0.0, 0.2}, {"neither", 0.0, 0.0}}) {
    SamSettings settings;
    settings.modulate = modulate;
    const Process process(schedule, coverage, settings);
    EXPECT_TRUE(process.eta(3).allclose(schedule.eta(3) * (1 + eta * weight))) << modulate;
    EXPECT_TRUE(process.kappa().allclose(2.0 * (1 - kappa * weight))) << modulate;
  }
}

TEST(Rollout, OfAPerfectDenoiserEndsAtItsImage) {
  const Diffusion diffusion(DiffusionSettings(), false);
  const at::Tensor z_0 = torch::randn({2, 3, 4, 6});
  const at::Tensor z_y = torch::randn({2, 3, 4, 6});
  const Process process(diffusion.schedule(), torch::randint(0, 4, {2, 1, 4, 6}), SamSettings());
  std::vector<std::int64_t> steps;
  const Denoiser perfect = [&](const at::Tensor&, const at::Tensor& i, const at::Tensor&) {
    steps.push_back(i[0].item<std::int64_t>());
    return z_0;
  };
  const at::Tensor end = rollout(diffusion, perfect, process, process.prior(z_y, torch::randn_like(z_y)), z_y, {});
  EXPECT_TRUE(end.allclose(z_0, 1e-5, 1e-5));
  EXPECT_EQ(steps.front(), 14);
  EXPECT_EQ(steps.back(), 0);
}

}  // namespace
}  // namespace samsr
