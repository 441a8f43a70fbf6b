// A step of the recipe vpdsr by the trainer's own step against the golden file: terms, gradients of both networks,
// optimizer.

#include <gmock/gmock.h>

#include "eval/metric_weights_by_rule.h"
#include "train/golden_adversarial_step.h"

namespace samsr {
namespace {

class VpdsrStepGolden : public testing::AdversarialStepGolden {
 protected:
  VpdsrStepGolden() : AdversarialStepGolden("vpdsr") {
    const YAML::Node weights = config_["weights"];
    parts_.distill.lambda_ess = weights["ess"].as<double>();
    parts_.distill.lambda_hfp = weights["hfp"].as<double>();
    parts_.distill.decode = config_["decode"].as<std::string>();
    parts_.hfp = testing::settings_of<HighFrequencySettings>(config_["hfp"], "hfp");
    const YAML::Node clip = golden_.config()["clip"];
    const auto number = [&](const char* key) { return clip[key].as<std::int64_t>(); };
    const ClipVitShape shape{number("input_resolution"), number("patch_size"), number("width"),
                             number("layers"),           number("heads"),      number("output_dim")};
    parts_.ess = std::make_shared<EssLoss>(
        ClipVit(shape, testing::weights_by_rule(clip_vit_weights(shape), golden_.salt(), "clip."), testing::device()),
        config_["ess"]["mode"].as<std::string>() == "dense");
    step_batch_.hr = hr_;
  }

  std::unique_ptr<Recipe> recipe() const override { return make_vpdsr_recipe(parts_); }
};

TEST_P(VpdsrStepGolden, MakesAStep) {
  for (const std::int64_t microbatch : {images(), std::int64_t{1}}) {
    SCOPED_TRACE(microbatch);
    parts_.network = model("student.");
    make();
    const auto before = copies();
    const StepRecord record = iterate(0, microbatch);
    ASSERT_EQ(record.size(), 2U);
    golden_.expect_close(record[0].images, "out/loss_discriminator");
    golden_.expect_close(record[1].images, "out/loss_total");
    EXPECT_THAT(record[1].names, ::testing::ElementsAre("loss", "distill", "hfp", "ess", "adversarial"));
    expect_terms(record[1], {{"distill", "distill"}, {"hfp", "hfp"}, {"ess", "ess"}, {"adversarial", "adversarial"}},
                 0);
    expect_gradients(record);
    expect_updates(before);
    for (const LossTerm& term : recipe_->losses(step_batch_, kOfStudent).terms) {
      if (golden_.has("out/loss_" + term.name + "_after")) {
        golden_.expect_close(term.values, "out/loss_" + term.name + "_after");
      }
    }
  }
}

TEST_P(VpdsrStepGolden, EachTermHasItsShareOfTheGradient) {
  const DistillSettings all = parts_.distill;
  const std::pair<const char*, double DistillSettings::*> terms[] = {
      {"distill", &DistillSettings::lambda_distill},
      {"ess", &DistillSettings::lambda_ess},
      {"hfp", &DistillSettings::lambda_hfp},
  };
  for (const auto& [name, weight] : terms) {
    parts_.distill = all;
    for (const auto& other : terms) {
      parts_.distill.*other.second = 0;
    }
    parts_.distill.lambda_adversarial = 0;
    parts_.distill.*weight = 1;
    parts_.train.optimizer.lr = 0;
    make();
    const StepRecord record = iterate(0, images());
    ASSERT_EQ(record.size(), 1U) << "no discriminator";
    golden_.expect_close(record[0].gradient_norm.log(), std::string("out/log_grad_norm_") + name);
  }
}

SAMSR_GOLDEN_SUITE(VpdsrStepGolden, testing::golden_files("vpdsr"));

}  // namespace
}  // namespace samsr
