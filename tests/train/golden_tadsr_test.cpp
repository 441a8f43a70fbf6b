// TAD-SR's iterations by the trainer's own step against the released code: terms, gradients on the prediction and of
// both networks, spectral vectors, optimizer, average.

#include "train/golden_adversarial_step.h"
#include "train/losses/hsd_loss.h"

namespace samsr {
namespace {
using testing::golden_files;

class TadsrStepGolden : public testing::AdversarialStepGolden {
 protected:
  TadsrStepGolden() : AdversarialStepGolden("tadsr") {
    DistillSettings& distill = parts_.distill;
    const YAML::Node weights = config_["weights"];
    distill.lambda_hsd = weights["hsd"].as<double>();
    distill.lambda_inverse = weights["inverse"].as<double>();
    distill.lambda_gt = weights["gt"].as<double>();
    distill.hsd = testing::settings_of<HsdSettings>(config_["hsd"], "hsd");
  }

  std::unique_ptr<Recipe> recipe() const override { return make_tadsr_recipe(parts_); }
};

TEST_P(TadsrStepGolden, ScoresOnceAndTwiceScaled) {
  DistillStart start = sinsr_start(schedule(), batch_.z_y, golden_.read("in/noise")[0]);
  begin(start);
  golden_.expect_close(batch_.teacher_x0, "out/x0_teacher");
  const at::Tensor x0 = golden_.read("out/x0_student").to(at::kFloat);
  for (const bool twice : {false, true}) {
    const std::string name = twice ? "twice" : "once";
    const at::Tensor g =
        score_difference(diffusion_, denoiser_of(teacher_), x0, batch_.teacher_x0, batch_.z_y, batch_.lq,
                         golden_.read("in/t_hsd")[0], golden_.read("in/noise_hsd")[0], twice);
    golden_.expect_close(g, "out/hsd_gradient_" + name);
    golden_.expect_close(hsd_loss(x0, g), "out/loss_hsd_" + name);
  }
}

TEST_P(TadsrStepGolden, MakesTheIterations) {
  for (const std::int64_t microbatch : {images(), std::int64_t{1}}) {
    SCOPED_TRACE(microbatch);
    parts_.network = model("student.");
    make();
    const auto before = copies();
    const auto iterations = config_["iterations"].as<std::int64_t>();
    for (std::int64_t k = 0; k < iterations; ++k) {
      const StepRecord record = iterate(k, microbatch);
      ASSERT_EQ(record.size(), 2U);
      golden_.expect_close(record[0].images, "out/loss_discriminator_" + std::to_string(k));
      golden_.expect_close(record[1].images, "out/loss_total_" + std::to_string(k));
      expect_terms(record[1], {{"distill", "distill"}, {"hsd", "hsd"}, {"adversarial", "adversarial"}}, k);
      if (k == 0) {
        expect_gradients(record);
      }
    }
    expect_updates(before);
    for (const auto& buffer : recipe_->trainables()[1].network->named_buffers()) {
      golden_.expect_close(buffer.value(), "out/discriminator." + buffer.key());
    }
  }
}

TEST_P(TadsrStepGolden, HasTheGradientsOnThePrediction) {
  parts_.train.optimizer.lr = 0;  // the discriminator moves, the student stays where its gradients are asked for
  make();
  iterate(0, images());
  for (TrainableState& state : states_) {
    state.require_gradients(&state == &states_.front());
  }
  const RecipeLosses losses = recipe_->losses(step_batch_, kOfStudent);
  golden_.expect_close(losses.predictions.front(), "out/x0_student");
  int compared = 0;
  for (const LossTerm& term : losses.terms) {
    golden_.expect_close(term.values, "out/loss_" + term.name + "_0");
    if (golden_.has("out/unit_grad_x0_" + term.name)) {
      const at::Tensor gradient =
          torch::autograd::grad({term.values.mean()}, {losses.predictions.front()}, {}, /*retain_graph=*/true)[0];
      expect_gradient(gradient, "unit_grad_x0_" + term.name, "log_rms_grad_x0_" + term.name);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 3);
}

TEST_P(TadsrStepGolden, TakesSinSRsOtherTermsWithAWeight) {
  const DistillSettings as_configured = parts_.distill;
  for (const char* term : {"inverse", "gt"}) {
    parts_.distill = as_configured;
    parts_.distill.lambda_distill = parts_.distill.lambda_hsd = parts_.distill.lambda_adversarial = 0;
    (std::string(term) == "gt" ? parts_.distill.lambda_gt : parts_.distill.lambda_inverse) = 1;
    parts_.train.optimizer.lr = 0;
    make();
    const StepRecord record = iterate(0, images());
    ASSERT_EQ(record.size(), 1U) << "no discriminator";
    golden_.expect_close(record[0].images, std::string("out/loss_") + term + "_0");
    golden_.expect_close(record[0].gradient_norm.log(), std::string("out/log_grad_norm_") + term);
  }
}

SAMSR_GOLDEN_SUITE(TadsrStepGolden, golden_files("tadsr"));

}  // namespace
}  // namespace samsr
