#include "data/build/stages/rollout_stage.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

#include "core/error.h"
#include "data/build/single_threaded.h"
#include "diffusion/distillation.h"
#include "diffusion/noise.h"
#include "diffusion/rollout.h"
#include "models/weights/load_weights.h"
#include "support/small_model.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

constexpr std::int64_t kSize = 16;
constexpr std::uint64_t kRolledOut = 5;

ModelSettings rollout_model() {
  ModelSettings model = testing::small_model_settings(3);
  model.diffusion = {};
  model.diffusion.steps = 3;
  return model;
}

class RolloutStageTest : public ::testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  RolloutStageTest() : model_(rollout_model()) {
    model_.sam.variant = GetParam().second;
    SuperResolutionModel teacher(model_, 1);
    at::manual_seed(3);
    const at::NoGradGuard no_grad;
    for (const at::Tensor& parameter : teacher.unet()->parameters()) {
      parameter.normal_(0, 0.05);  // the output layer begins with zeros
    }
    save_model(weights(), model_, "teacher", state_of(*teacher.unet()));
    for (std::uint64_t i = 0; i < kRolledOut; ++i) {
      Sample sample;
      sample.fields = {{"lr", at::randint(0, 256, {kSize, kSize, 3}, at::kByte)},
                       {"coverage", at::randint(0, 4, {kSize, kSize}, at::kByte)},
                       {"z_lr", at::randn({48, kSize, kSize}).to(at::kHalf)}};
      samples_.push_back(sample);
    }
  }

  std::filesystem::path weights() { return folder_ / "teacher.safetensors"; }

  RolloutPlan plan() {
    RolloutPlan plan;
    plan.rollout = {.count = 2, .seed = 7, .batch = 2, .precision = "fp32"};
    plan.recipe = GetParam().first;
    plan.model = model_;
    plan.teacher = weights().string();
    return plan;
  }

  RolloutStage stage_of(const RolloutPlan& plan) { return RolloutStage(plan, at::kCPU, log_); }

  /// As the build runs a stage over a shard of kRolledOut samples from index `first` on.
  std::vector<Sample> rolled_out(RolloutStage& stage, std::uint64_t first) const {
    const SingleThreaded single_threaded;
    std::vector<Sample> samples = samples_;
    for (std::size_t at = 0; at < samples.size(); at += stage.batch()) {
      stage.run(first + at, std::span(samples).subspan(at, std::min(stage.batch(), samples.size() - at)));
    }
    return samples;
  }

  TemporaryFolder folder_;
  std::ostringstream messages_;
  Log log_{messages_, 0, 1, false};
  ModelSettings model_;
  std::vector<Sample> samples_;
};

TEST_P(RolloutStageTest, KeepsWhatTheTeacherMakesOfTheNoiseOfEachSeed) {
  RolloutStage stage = stage_of(plan());
  const LoadedModel loaded = load_model(weights());
  SuperResolutionModel& teacher = *loaded.model;
  const std::vector<Sample> samples = rolled_out(stage, 10);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const at::Tensor x0 = samples[i].field("rollout/x0");
    const at::Tensor seeds = samples[i].field("rollout/noise_seed");
    ASSERT_EQ(x0.sizes(), (std::vector<std::int64_t>{2, 48, kSize, kSize}));
    ASSERT_EQ(seeds.sizes(), (std::vector<std::int64_t>{2}));
    const at::Tensor lq =
        samples[i].field("lr").permute({2, 0, 1}).unsqueeze(0).to(at::kFloat).div(127.5).sub(1).contiguous();
    const at::Tensor z_y = samples[i].field("z_lr").unsqueeze(0).to(at::kFloat);
    std::optional<at::Tensor> coverage;
    if (plan().recipe == "samsr") {
      coverage = samples[i].field("coverage").view({1, 1, kSize, kSize});
    }
    for (std::int64_t k = 0; k < 2; ++k) {
      const std::uint64_t seed = seeds.data_ptr<std::uint64_t>()[k];
      EXPECT_EQ(seed, noise_seed(7 + static_cast<std::uint64_t>(k), 10 + i));
      const at::Tensor noise = noise_of({seed}, {48, kSize, kSize}, at::kCPU);
      const DistillStart start = distill_start(teacher.diffusion().schedule(), model_.sam, z_y, noise, coverage);
      const at::Tensor expected = rollout(teacher.diffusion(), denoiser_of(teacher.unet()), start.teacher_process,
                                          start.teacher_x_T, z_y, lq)[0];
      EXPECT_TRUE(at::allclose(x0[k].to(at::kFloat), expected, 1e-3, 1e-4)) << "sample " << i << " rollout " << k;
    }
    EXPECT_GT((x0[0] - x0[1]).abs().max().item<float>(), 0.01F);
  }
}

TEST_P(RolloutStageTest, GivesTheSameBytesAgain) {
  RolloutStage one = stage_of(plan());
  RolloutStage two = stage_of(plan());
  EXPECT_EQ(one.content(), two.content());
  const std::vector<Sample> a = rolled_out(one, 20);
  rolled_out(two, 0);
  const std::vector<Sample> b = rolled_out(two, 20);
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (const char* name : {"rollout/x0", "rollout/noise_seed"}) {
      const at::Tensor x = a[i].field(name);
      const at::Tensor y = b[i].field(name);
      EXPECT_TRUE(x.is_contiguous());
      EXPECT_EQ(std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()), 0) << name;
    }
  }
}

TEST_P(RolloutStageTest, RecordsAllThatDecidesTheBytesAndNoPath) {
  const RolloutStage stage = stage_of(plan());
  const std::string content = stage.content();
  EXPECT_THAT(content, HasSubstr(std::string("train.recipe: ") + GetParam().first));
  EXPECT_THAT(content,
              AllOf(HasSubstr("rollout.seed: 7"), HasSubstr("rollout.count: 2"), HasSubstr("diffusion.steps: 3"),
                    HasSubstr("unet.model_channels: 32"), HasSubstr("\nteacher: ")));
  EXPECT_EQ(content.find("samsr.m: ") != std::string::npos, plan().recipe == "samsr");
  EXPECT_EQ(content.find(folder_.path().string()), std::string::npos);

  SuperResolutionModel other(model_, 1);
  save_model(weights(), model_, "teacher", state_of(*other.unet()));
  EXPECT_NE(stage_of(plan()).content(), content) << "other weights";
  RolloutPlan bf16 = plan();
  bf16.rollout.precision = "bf16";
  EXPECT_THAT(stage_of(bf16).content(), HasSubstr("rollout.precision: bf16"));
}

TEST_P(RolloutStageTest, Bf16StaysNear) {
  RolloutPlan bf16 = plan();
  bf16.rollout.precision = "bf16";
  RolloutStage coarse = stage_of(bf16);
  RolloutStage fine = stage_of(plan());
  const at::Tensor a = rolled_out(coarse, 0)[0].field("rollout/x0").to(at::kFloat);
  const at::Tensor b = rolled_out(fine, 0)[0].field("rollout/x0").to(at::kFloat);
  EXPECT_LT((a - b).norm().item<float>(), 0.05F * b.norm().item<float>());
  EXPECT_FALSE(at::equal(a, b));
}

TEST_P(RolloutStageTest, NeedsTheFieldsThatItReads) {
  const std::vector<std::string> needs = stage_of(plan()).needs();
  EXPECT_THAT(needs, ::testing::IsSupersetOf({"lr", "z_lr"}));
  EXPECT_EQ(std::count(needs.begin(), needs.end(), "coverage"), plan().recipe == "samsr" ? 1 : 0);
}

TEST_P(RolloutStageTest, SaysWhatDoesNotFit) {
  RolloutPlan wrong = plan();
  wrong.recipe = "resshift";
  EXPECT_THAT(error_of([&] { stage_of(wrong); }), HasSubstr("train.recipe=resshift"));
  wrong = plan();
  wrong.teacher = "";
  EXPECT_THAT(error_of([&] { stage_of(wrong); }), HasSubstr("train.teacher_weights"));
  wrong = plan();
  wrong.teacher = (folder_ / "nowhere").string();
  EXPECT_THAT(error_of([&] { stage_of(wrong); }), HasSubstr("nowhere"));
  wrong = plan();
  wrong.model.diffusion.kappa = 1.5;
  EXPECT_THAT(error_of([&] { stage_of(wrong); }), HasSubstr("diffusion.kappa"));
}

INSTANTIATE_TEST_SUITE_P(Recipes, RolloutStageTest,
                         ::testing::Values(std::pair("sinsr", "paper"), std::pair("samsr", "paper"),
                                           std::pair("samsr", "released")),
                         [](const auto& test) { return std::string(test.param.first) + "_" + test.param.second; });

}  // namespace
}  // namespace samsr
