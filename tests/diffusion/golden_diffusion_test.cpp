#include "diffusion/golden_case.h"
#include "diffusion/resshift.h"

namespace samsr {
namespace {
using testing::Golden;
using testing::golden_files;

class ScheduleGolden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(ScheduleGolden, AgreesForEveryCombination) {
  const Golden golden(GetParam());
  const YAML::Node combinations = golden.config()["combos"];
  for (std::size_t i = 0; i < combinations.size(); ++i) {
    YAML::Node node = YAML::Clone(combinations[i]);
    node["schedule_kwargs"]["power"] = node["power"];
    const Schedule schedule(testing::settings_of<DiffusionSettings>(node, "diffusion", {"power"}));
    golden.expect_close(torch::tensor(schedule.sqrt_etas(), torch::kFloat64), fmt::format("out/sqrt_etas_{}", i));
  }
}

SAMSR_GOLDEN_SUITE(ScheduleGolden, golden_files("schedule"));

class DiffusionGolden : public testing::GoldenCase {
 protected:
  const at::Tensor noise_ = golden_.read("in/noise");
  const at::Tensor steps_ = golden_.read("in/t");
};

TEST_P(DiffusionGolden, EncodesAndDiffuses) {
  golden_.expect_close(batch_.z_0, "out/z_start");
  golden_.expect_close(batch_.z_y, "out/z_y");
  golden_.expect_close(first_stage_->decode(batch_.z_0), "out/image_decoded");
  const at::Tensor x = q_sample(schedule(), batch_.z_0, batch_.z_y, steps_, noise_);
  golden_.expect_close(x, "out/z_t");
  golden_.expect_close(diffusion_.scale_input(batch_.z_0, steps_), "out/scaled");
  golden_.expect_close(Process(schedule()).prior(batch_.z_y, noise_), "out/prior");
}

TEST_P(DiffusionGolden, HasResShiftsLoss) {
  golden_.expect_close(resshift_loss(resshift_prediction(diffusion_, denoiser_of(teacher_), batch_.z_0, batch_.z_y,
                                                         batch_.lq, steps_, noise_),
                                     batch_.z_0),
                       "out/resshift_mse");
}

TEST_P(DiffusionGolden, RollsOutAndDistillsInLatents) {
  const at::Tensor reference = golden_.read("out/ddim_x");
  golden_.expect_close(begin(sinsr_start(schedule(), batch_.z_y, noise_), reference), reference, "out/ddim_x");
  const testing::DistillErrors losses = testing::latent_errors(predictions(), batch_);
  golden_.expect_close(losses.distill, "out/sinsr_mse");
  golden_.expect_close(losses.inverse, "out/sinsr_mse_xT");
  golden_.expect_close(losses.gt, "out/sinsr_mse_gt");
  golden_.expect_close(losses.total(), "out/sinsr_loss");
  golden_.expect_close(gradient_norm(losses.total()), "out/sinsr_grad_norm");
}

TEST_P(DiffusionGolden, DistillsInImages) {
  begin(sinsr_start(schedule(), batch_.z_y, noise_), golden_.read("out/ddim_x"));
  const testing::DistillErrors losses = testing::image_errors(predictions(), batch_, hr_, *first_stage_);
  golden_.expect_close(losses.distill, "out/sinsr_image_mse");
  golden_.expect_close(losses.inverse, "out/sinsr_image_mse_xT");
  golden_.expect_close(losses.gt, "out/sinsr_image_mse_gt_rgb");
  golden_.expect_close(losses.total(), "out/sinsr_image_loss");
  golden_.expect_close(gradient_norm(losses.total()), "out/sinsr_image_grad_norm");
}

SAMSR_GOLDEN_SUITE(DiffusionGolden, golden_files("diffusion"));

}  // namespace
}  // namespace samsr
