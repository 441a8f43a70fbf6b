// A flow map's second stage by the trainer's own step against the golden file: terms, gradients on the answer and of
// adapters and discriminator, updates.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "models/golden_discriminator.h"
#include "models/golden_settings.h"
#include "models/weights/adapter_names.h"
#include "support/device.h"
#include "support/golden.h"
#include "train/recipes/flowmap.h"
#include "train/step/train_step.h"

namespace samsr {
namespace {
using testing::placed;

class AdversarialLoraGolden : public ::testing::TestWithParam<std::filesystem::path> {
 protected:
  AdversarialLoraGolden() {
    model_.unet = testing::unet_settings(golden_.config()["unet"]);
    model_.unet.flow_map = true;
    model_.flow_map.time_scale = config_["time_scale"].as<double>();
    model_.flow_map.condition = golden_.read("in/z_src").equal(golden_.read("in/cond")) ? "z_src" : "lr_resized";
    model_.first_stage.autoencoder.embed_dim = model_.unet.out_channels;
    model_.first_stage.autoencoder.ddconfig.z_channels = model_.unet.out_channels;
    model_.first_stage.autoencoder.ddconfig.ch = 32;
    first_stage_ = make_vq_first_stage(VQModelTorch(model_.first_stage.autoencoder), model_.first_stage);

    const YAML::Node adamw = config_["adamw"];
    parts_.train.optimizer = {.lr = adamw["lr"].as<double>(),
                              .weight_decay = adamw["weight_decay"].as<double>(),
                              .beta1 = adamw["betas"][0].as<double>(),
                              .beta2 = adamw["betas"][1].as<double>(),
                              .eps = adamw["eps"].as<double>(),
                              .constant_lr = true};
    parts_.train.lora.rank = config_["lora"]["rank"].as<std::int64_t>();
    parts_.train.lora.alpha = config_["lora"]["alpha"].as<double>();
    parts_.train.lora.targets = config_["lora"]["targets"].as<std::vector<std::string>>();
    parts_.flowmap.sigma = config_["sigma"].as<double>();
    parts_.flowmap.critic_times = config_["times"].as<std::vector<double>>();
    DistillSettings& distill = parts_.distill;
    distill.lambda_distill = distill.lambda_inverse = distill.lambda_gt = 0;
    distill.lambda_truth = config_["weights"]["reconstruction"].as<double>();
    distill.lambda_adversarial = config_["weights"]["adversarial"].as<double>();
    distill.discriminator.network = testing::discriminator_settings(config_["discriminator"]);
    distill.discriminator.loss = config_["discriminator"]["loss"].as<std::string>();
    distill.discriminator.optimizer = parts_.train.optimizer;
    parts_.draws.steps = [this](const Batch& batch, std::string_view, std::int64_t) { return rows("in/time", batch); };
    parts_.draws.noise = [this](const Batch& batch, std::string_view, at::IntArrayRef, const std::string&) {
      return rows("in/noise", batch);
    };
    parts_.noise = seeded_noise(1);
    parts_.teacher = filled();
    batch_.lq = golden_.read("in/cond");
    batch_.z_0 = golden_.read("in/z_hr");
    batch_.z_y = golden_.read("in/z_src");
    for (std::int64_t b = 0; b < images(); ++b) {
      batch_.position.push_back(static_cast<std::uint64_t>(b));
      batch_.sample.push_back(static_cast<std::uint64_t>(b));
    }
  }

  std::int64_t images() const { return batch_.lq.size(0); }

  at::Tensor rows(const std::string& name, const Batch& batch) const {
    const std::vector<std::int64_t> of(batch.sample.begin(), batch.sample.end());
    return golden_.read(name).index_select(0, placed(torch::tensor(of)));
  }

  std::shared_ptr<SuperResolutionModel> filled() const {
    auto made = std::make_shared<SuperResolutionModel>(model_, 0, first_stage_);
    testing::fill_by_rule(*made->unet(), golden_.salt(), "net.");
    made->to(testing::device());
    return made;
  }

  /// The recipe and its states on this rank alone, with the weights of the file.
  void make() {
    parts_.network = filled();
    auto average = std::make_unique<SuperResolutionModel>(model_, 0, first_stage_);
    average->to(testing::device());
    parts_.average =
        std::make_shared<LoadedModel>(LoadedModel{std::move(average), &method_named("flowmap_adversarial")});
    add_adapters(parts_);
    testing::fill_by_rule(*parts_.network->unet(), golden_.salt(), "net.");
    recipe_ = make_flowmap_adversarial_recipe(parts_);
    testing::fill_discriminator(*recipe_->trainables()[1].network, golden_);
    states_ = make_states(*recipe_, 0.0);
    for (TrainableState& state : states_) {
      state.start_average();
      state.connect(*alone_);
    }
  }

  StepRecord step(std::int64_t microbatch) {
    const BatchPlan plan(images(), microbatch, 0, 1);
    return TrainStep({*recipe_, states_, plan, parts_.train}).run(1, [this] { return batch_; });
  }

  std::map<std::string, at::Tensor> parameters() const {
    std::map<std::string, at::Tensor> found;
    for (const Trainable& trainable : recipe_->trainables()) {
      for (const auto& parameter : trainable.network->named_parameters()) {
        found[(trainable.name == "student" ? "net." : "discriminator.") + parameter.key()] = parameter.value();
      }
    }
    return found;
  }

  const testing::Golden golden_{GetParam(), testing::device()};
  const YAML::Node config_ = golden_.config()["adversarial_lora"];
  ModelSettings model_;
  std::shared_ptr<FirstStage> first_stage_;
  SuperResolutionParts parts_;
  Batch batch_;
  const std::unique_ptr<Communicator> alone_ = make_single_communicator();
  std::unique_ptr<Recipe> recipe_;
  std::vector<TrainableState> states_;
};

TEST_P(AdversarialLoraGolden, HasTheNamesOfTheReference) {
  make();
  std::vector<std::string> ours;
  for (const auto& [name, parameter] : parameters()) {
    ours.push_back(name);
  }
  std::vector<std::string> theirs = golden_.param_names();
  std::ranges::sort(theirs);
  EXPECT_EQ(ours, theirs);
}

TEST_P(AdversarialLoraGolden, MakesAStep) {
  for (const std::int64_t microbatch : {images(), std::int64_t{1}}) {
    SCOPED_TRACE(microbatch);
    make();
    auto before = parameters();
    for (auto& [name, parameter] : before) {
      parameter = parameter.detach().clone();
    }
    const StepRecord record = step(microbatch);
    ASSERT_EQ(record.size(), 2U);
    golden_.expect_close(record[0].images, "out/loss_discriminator");
    golden_.expect_close(record[1].images, "out/loss_total");
    golden_.expect_close(record[0].gradient_norm.log(), "out/log_grad_norm_discriminator");
    golden_.expect_close(record[1].gradient_norm.log(), "out/log_grad_norm_lora");
    const auto all = parameters();
    std::vector<double> shares;
    for (const std::string& name : golden_.param_names()) {
      const at::Tensor& gradient = all.at(name).grad();
      const MoveRecord& move = record[name.starts_with("net.") ? 1 : 0];
      shares.push_back(gradient.defined() ? (gradient.norm() / move.gradient_norm).item<double>() : 0);
    }
    golden_.expect_close(torch::tensor(shares, torch::kFloat64), "out/grad_share");
    int compared = 0;
    for (const auto& [name, parameter] : all) {
      if (golden_.has("out/update." + name)) {
        golden_.expect_close((parameter - before.at(name)) / parts_.train.optimizer.lr, "out/update." + name);
        ++compared;
      }
      if (name.starts_with("net.") && !is_adapter_weight(name)) {
        EXPECT_TRUE(parameter.equal(before.at(name))) << name << " is frozen";
      }
    }
    EXPECT_GT(compared, 0);
    const RecipeLosses after = recipe_->losses(batch_, {.trainable = 0, .fresh_batch = false});
    golden_.expect_close(after.predictions.front(), "out/z_1_after");
  }
}

TEST_P(AdversarialLoraGolden, HasTheGradientsOnTheAnswer) {
  parts_.train.optimizer.lr = 0;  // the discriminator moves, the adapters stay where their gradients are asked for
  make();
  step(images());
  for (TrainableState& state : states_) {
    state.require_gradients(&state == &states_.front());
  }
  const RecipeLosses losses = recipe_->losses(batch_, {.trainable = 0, .fresh_batch = false});
  golden_.expect_close(losses.predictions.front(), "out/z_1");
  for (const LossTerm& term : losses.terms) {
    const std::string name = term.name == "truth" ? "reconstruction" : term.name;
    golden_.expect_close(term.values, "out/loss_" + name);
    const at::Tensor gradient =
        torch::autograd::grad({term.values.mean()}, {losses.predictions.front()}, {}, /*retain_graph=*/true)[0];
    const at::Tensor rms = gradient.to(at::kDouble).square().mean().sqrt();
    golden_.expect_close(rms.log(), "out/log_rms_grad_z_1_" + name);
    golden_.expect_close(gradient / rms, "out/unit_grad_z_1_" + name);
  }
  EXPECT_EQ(losses.terms.size(), 2U);
}

SAMSR_GOLDEN_SUITE(AdversarialLoraGolden, testing::golden_files("adversarial_lora"));

}  // namespace
}  // namespace samsr
