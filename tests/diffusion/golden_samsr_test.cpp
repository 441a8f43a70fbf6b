#include "diffusion/golden_case.h"
#include "diffusion/sam_noise.h"

namespace samsr {
namespace {
using testing::golden_files;

class SamsrGolden : public testing::GoldenCase {
 protected:
  SamSettings sam(const std::string& variant) const {
    auto settings = testing::settings_of<SamSettings>(golden_.config()["samsr"], "samsr", {"threshold", "lambda_sc"});
    settings.variant = variant;
    return settings;
  }
  /// The weights W behind κ(1-mW).
  at::Tensor weight_of(const Process& process, const SamSettings& settings) const {
    return (1 - process.kappa() / schedule().kappa()) / settings.m;
  }
};

using SamsrPaperGolden = SamsrGolden;

TEST_P(SamsrPaperGolden, FollowsTheEquations) {
  const SamSettings settings = sam("paper");
  const at::Tensor masks = golden_.read("out/F_a");
  const at::Tensor coverage = masks.to(torch::kInt64).sum(1, /*keepdim=*/true);
  golden_.expect_close(coverage, "out/coverage");
  golden_.expect_close(batch_.z_y, "out/z_y");
  const at::Tensor noise = mask_noise(masks, golden_.read("in/Z"), settings);
  golden_.expect_close(noise, "out/eps");

  const Process process(schedule(), coverage, settings);
  golden_.expect_close(weight_of(process, settings), "out/W");
  golden_.expect_close(process.kappa(), "out/kappa_new");
  golden_.expect_close(process.eta(schedule().last()), "out/eta_new_T");
  std::vector<at::Tensor> coefficients;
  for (std::int64_t i = schedule().last(); i >= 0; --i) {
    const RolloutCoefficients c = process.coefficients(i);
    coefficients.push_back(at::cat({c.k, c.m, c.j}, 1));
  }
  golden_.expect_close(at::stack(coefficients), "out/kmj");

  golden_.expect_close(begin(samsr_start(schedule(), settings, batch_.z_y, coverage, noise)), "out/rollout");
  golden_.expect_close(batch_.x_T, "out/x_T");
  const testing::DistillErrors losses = testing::latent_errors(predictions(), batch_);
  golden_.expect_close(losses.distill, "out/loss_distill");
  golden_.expect_close(losses.inverse, "out/loss_inverse");
  golden_.expect_close(losses.gt, "out/loss_gt");
  golden_.expect_close(gradient_norm(losses.total()), "out/grad_norm");
}

SAMSR_GOLDEN_SUITE(SamsrPaperGolden, golden_files("samsr_paper"));

using SamsrReleasedGolden = SamsrGolden;

TEST_P(SamsrReleasedGolden, FollowsTheReleasedCode) {
  const SamSettings settings = sam("released");
  const at::Tensor masks = golden_.read("in/masks_lowres");
  const at::Tensor coverage = masks.to(torch::kInt64).sum(1, /*keepdim=*/true);
  const at::Tensor noise = mask_noise(masks, golden_.read("in/Z"), settings);
  golden_.expect_close(noise, "out/eps");
  golden_.expect_close(weight_of(Process(schedule(), coverage, settings), settings), "out/W");

  begin(samsr_start(schedule(), settings, batch_.z_y, coverage, noise));
  golden_.expect_close(batch_.x_T, "out/z_t");
  golden_.expect_close(batch_.teacher_x0, "out/z_start_teacher");
  const torch::NoGradGuard no_grad;
  const DistillPredictions predicted = predictions();
  const testing::DistillErrors losses = testing::latent_errors(predicted, batch_);
  golden_.expect_close(losses.distill, "out/loss_distill");
  golden_.expect_close(losses.inverse, "out/loss_inverse");
  golden_.expect_close(losses.gt, "out/loss_gt_latent");
  golden_.expect_close(testing::image_errors(predicted, batch_, hr_, *first_stage_).gt, "out/loss_gt_image");
}

SAMSR_GOLDEN_SUITE(SamsrReleasedGolden, golden_files("samsr_released"));

}  // namespace
}  // namespace samsr
