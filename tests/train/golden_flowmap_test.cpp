// FlowMapSR-style: the equations of the flow map, and a step by the trainer's own step, against the golden file.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "diffusion/distillation.h"
#include "models/golden_settings.h"
#include "models/super_resolution/flow_map_model.h"
#include "support/device.h"
#include "support/golden.h"
#include "train/recipes/flowmap.h"
#include "train/step/train_step.h"

namespace samsr {
namespace {
using testing::placed;

constexpr const char* kVariants[] = {"shortcut", "lagrangian", "eulerian"};

class FlowMapGolden : public ::testing::TestWithParam<std::filesystem::path> {
 protected:
  FlowMapGolden() {
    TORCH_CHECK(config_["prompts"]["positive"].as<std::int64_t>() == kPositivePrompt &&
                    config_["prompts"]["negative"].as<std::int64_t>() == kNegativePrompt,
                "the rows of the prompts are fixed");
    model_.unet = testing::unet_settings(golden_.config()["unet"]);
    model_.unet.flow_map = true;
    model_.flow_map.time_scale = config_["time_scale"].as<double>();
    model_.flow_map.omega = config_["omega"].as<double>();
    model_.flow_map.condition = z_src_.equal(cond_) ? "z_src" : "lr_resized";
    model_.first_stage.autoencoder.embed_dim = model_.unet.out_channels;
    model_.first_stage.autoencoder.ddconfig.z_channels = model_.unet.out_channels;
    model_.first_stage.autoencoder.ddconfig.ch = 32;
    first_stage_ = make_vq_first_stage(VQModelTorch(model_.first_stage.autoencoder), model_.first_stage);
    settings_.sigma = config_["sigma"].as<double>();
    settings_.lambda_off = config_["lambda_off"].as<double>();
    settings_.diag_fraction = static_cast<double>(diagonal_) / static_cast<double>(batch_);
    settings_.guidance_net = config_["guidance_net"].as<std::string>();
    network_ = filled("net.");
    average_ = filled("ema.");
  }

  std::unique_ptr<SuperResolutionModel> filled(const std::string& prefix) const {
    auto made = std::make_unique<SuperResolutionModel>(model_, 0, first_stage_);
    testing::fill_by_rule(*made->unet(), golden_.salt(), prefix);
    made->to(testing::device());
    return made;
  }

  Velocity velocity_of(SuperResolutionModel& model) const {
    return samsr::velocity_of(model.unet(), model_.flow_map.time_scale);
  }
  Velocity live() const { return velocity_of(*network_); }
  Velocity named(const std::string& net) const { return velocity_of(net == "ema" ? *average_ : *network_); }
  Velocity of_targets(const std::string& variant) const {
    return named(config_["target_net"][variant].as<std::string>());
  }

  /// All samples, their velocities and what they are guided to.
  struct Bridge {
    FlowInterval all;
    at::Tensor velocity;
    at::Tensor guided;
  };
  Bridge bridge() const {
    const at::Tensor negative = prompt_.eq(kNegativePrompt).view({-1, 1, 1, 1});
    const at::Tensor z_hr = at::where(negative, z_src_, golden_.read("in/z_hr"));
    Bridge made;
    made.all = {interpolant(z_src_, z_hr, s_, golden_.read("in/noise"), settings_.sigma), s_, t_, {cond_, prompt_}};
    made.velocity = z_hr - z_src_;
    made.guided = guided_velocity(named(settings_.guidance_net), made.all, made.velocity, model_.flow_map.omega);
    return made;
  }
  at::Tensor off_rows() const { return torch::arange(diagonal_, batch_, s_.options().dtype(torch::kInt64)); }

  at::Tensor target(const std::string& variant, const Bridge& of) const {
    const FlowInterval off = of.all.rows(off_rows());
    const Velocity net = of_targets(variant);
    return variant == "shortcut"     ? shortcut_target(net, off)
           : variant == "lagrangian" ? lagrangian_target(net, off)
                                     : eulerian_target(net, off, of.guided.index_select(0, off_rows()));
  }

  /// The recipe of `variant` with the file's draws, and its states on this rank alone; the average is as in the file.
  void make(const std::string& variant) {
    settings_.variant = variant;
    settings_.target_net = config_["target_net"][variant].as<std::string>();
    SuperResolutionParts parts;
    parts.train = train_;
    parts.network = filled("net.");
    parts.average = std::make_shared<LoadedModel>(
        LoadedModel{std::make_unique<SuperResolutionModel>(model_, 0, first_stage_), &method_named("flowmap")});
    parts.average->model->to(testing::device());
    parts.noise = [this](const Batch& batch, at::IntArrayRef) { return rows("in/noise", batch); };
    unet_ = parts.network->unet();
    averaged_ = parts.average->model->unet();
    recipe_ = make_flowmap_recipe(parts, settings_, [this](const Batch& batch) {
      FlowMapDraw draw{{}, rows("in/s", batch), rows("in/t", batch), rows("in/prompt", batch)};
      for (const std::uint64_t sample : batch.sample) {
        draw.diagonal.push_back(static_cast<std::int64_t>(sample) < diagonal_);
      }
      return draw;
    });
    states_ = make_states(*recipe_, train_.ema_rate);
    states_[0].start_average();
    states_[0].connect(*alone_);
    testing::fill_by_rule(*averaged_, golden_.salt(), "ema.");
  }

  at::Tensor rows(const std::string& name, const Batch& batch) const {
    const std::vector<std::int64_t> of(batch.sample.begin(), batch.sample.end());
    return golden_.read(name).index_select(0, placed(torch::tensor(of)));
  }

  Batch batch_of_file() const {
    Batch batch;
    batch.lq = cond_;
    batch.z_0 = golden_.read("in/z_hr");
    batch.z_y = z_src_;
    for (std::int64_t b = 0; b < batch_; ++b) {
      batch.position.push_back(static_cast<std::uint64_t>(b));
      batch.sample.push_back(static_cast<std::uint64_t>(b));
    }
    return batch;
  }

  MoveRecord step(std::int64_t microbatch) {
    const BatchPlan plan(batch_, microbatch, 0, 1);
    return TrainStep({*recipe_, states_, plan, train_}).run(1, [this] { return batch_of_file(); }).at(0);
  }

  std::map<std::string, at::Tensor> parameters() const {
    std::map<std::string, at::Tensor> found;
    for (const auto& parameter : unet_->named_parameters()) {
      found["net." + parameter.key()] = parameter.value();
    }
    return found;
  }

  const testing::Golden golden_{GetParam(), testing::device()};
  const YAML::Node config_ = golden_.config()["flowmap"];
  const at::Tensor z_src_ = golden_.read("in/z_src");
  const at::Tensor cond_ = golden_.read("in/cond");
  const at::Tensor s_ = golden_.read("in/s");
  const at::Tensor t_ = golden_.read("in/t");
  const at::Tensor prompt_ = golden_.read("in/prompt");
  const std::int64_t batch_ = z_src_.size(0);
  const std::int64_t diagonal_ = config_["diagonal_samples"].as<std::int64_t>();
  TrainSettings train_ = train_settings(config_, batch_);
  FlowMapTrainSettings settings_;
  ModelSettings model_;
  std::shared_ptr<FirstStage> first_stage_;
  std::unique_ptr<SuperResolutionModel> network_;
  std::unique_ptr<SuperResolutionModel> average_;
  const std::unique_ptr<Communicator> alone_ = make_single_communicator();
  UNetSwin unet_{nullptr};
  UNetSwin averaged_{nullptr};
  std::unique_ptr<Recipe> recipe_;
  std::vector<TrainableState> states_;

 private:
  static TrainSettings train_settings(const YAML::Node& config, std::int64_t batch) {
    const YAML::Node adamw = config["adamw"];
    TrainSettings train;
    train.optimizer = {.lr = adamw["lr"].as<double>(),
                       .weight_decay = adamw["weight_decay"].as<double>(),
                       .beta1 = adamw["betas"][0].as<double>(),
                       .beta2 = adamw["betas"][1].as<double>(),
                       .eps = adamw["eps"].as<double>(),
                       .clip = adamw["clip"] ? adamw["clip"].as<double>() : 0,
                       .constant_lr = true};
    train.ema_rate = config["ema_rate"].as<double>();
    train.global_batch = batch;
    return train;
  }
};

TEST_P(FlowMapGolden, HasTheNamesOfTheReference) {
  std::vector<std::string> names;
  for (const char* prefix : {"net.", "ema."}) {
    for (const auto& parameter : network_->unet()->named_parameters()) {
      names.push_back(prefix + parameter.key());
    }
  }
  EXPECT_EQ(names, golden_.param_names());
}

TEST_P(FlowMapGolden, InterpolatesAndAnswers) {
  const torch::NoGradGuard no_grad;
  const Bridge made = bridge();
  golden_.expect_close(made.all.x, "out/interpolant");
  golden_.expect_close(made.guided, "out/guided_velocity");
  golden_.expect_close(live()(made.all.x, s_, t_, made.all.given), "out/v");
}

TEST_P(FlowMapGolden, HasBothDerivatives) {
  const Bridge made = bridge();
  const FlowInterval off = made.all.rows(off_rows());
  golden_.expect_close(velocity_derivative(of_targets("lagrangian"), off, at::zeros_like(off.x), 0, 1).along,
                       "out/dv_dt");
  const at::Tensor g = made.guided.index_select(0, off_rows());
  golden_.expect_close(velocity_derivative(of_targets("eulerian"), off, g, 1, 0).along, "out/dv_along");
}

TEST_P(FlowMapGolden, HasTheTargetsAndTheLosses) {
  const torch::NoGradGuard no_grad;
  const Bridge made = bridge();
  const at::Tensor v = live()(made.all.x, s_, t_, made.all.given);
  const auto diagonal = [&](const at::Tensor& of) { return of.narrow(0, 0, diagonal_); };
  golden_.expect_close(mean_square_error(diagonal(v), diagonal(made.guided)), "out/loss_diagonal");
  golden_.expect_close(mean_square_error(diagonal(v), diagonal(made.velocity)), "out/loss_diagonal_unguided");
  for (const std::string variant : kVariants) {
    const at::Tensor aim = target(variant, made);
    golden_.expect_close(aim, "out/target_" + variant);
    golden_.expect_close(mean_square_error(v.index_select(0, off_rows()), aim), "out/loss_off_" + variant);
  }
}

TEST_P(FlowMapGolden, EachVariantHasItsLossAndGradient) {
  for (const std::string variant : kVariants) {
    for (const std::int64_t microbatch : {batch_, std::int64_t{1}}) {
      SCOPED_TRACE(variant + ", microbatch " + std::to_string(microbatch));
      train_.optimizer.lr = 0;
      make(variant);
      const MoveRecord record = step(microbatch);
      golden_.expect_close(record.images.mean(), "out/loss_total_" + variant);
      golden_.expect_close(record.gradient_norm.log(), "out/log_grad_norm_" + variant);
      ASSERT_EQ(record.names.front(), "loss");
      for (std::size_t i = 1; i < record.names.size(); ++i) {
        const std::string name = record.names[i] == "diagonal" ? "diagonal" : "off_" + variant;
        golden_.expect_close(record.total[static_cast<std::int64_t>(i)] / static_cast<double>(batch_),
                             golden_.read("out/loss_" + name).mean(), name);
      }
    }
  }
}

TEST_P(FlowMapGolden, MakesAStep) {
  const auto variant = config_["stepped"].as<std::string>();
  make(variant);
  auto before = parameters();
  for (auto& [name, parameter] : before) {
    parameter = parameter.detach().clone();
  }
  const MoveRecord record = step(batch_);
  std::vector<double> shares;
  const auto all = parameters();
  for (const std::string& name : golden_.param_names()) {
    const auto found = all.find(name);
    shares.push_back(found == all.end() ? 0 : (found->second.grad().norm() / record.gradient_norm).item<double>());
  }
  golden_.expect_close(torch::tensor(shares, torch::kFloat64), "out/grad_share");
  for (const auto& [name, parameter] : all) {
    if (golden_.has("out/unit_grad." + name)) {
      const at::Tensor rms = parameter.grad().to(at::kDouble).square().mean().sqrt();
      golden_.expect_close(rms.log(), "out/log_rms_grad." + name);
      golden_.expect_close(parameter.grad() / rms, "out/unit_grad." + name);
    }
    if (golden_.has("out/update." + name)) {
      golden_.expect_close((parameter - before.at(name)) / train_.optimizer.lr, "out/update." + name);
    }
  }
  for (const auto& parameter : averaged_->named_parameters()) {
    if (golden_.has("out/ema_after." + parameter.key())) {
      golden_.expect_close(parameter.value(), "out/ema_after." + parameter.key());
    }
  }
  // The reference has the loss after the step from the average as it was before.
  testing::fill_by_rule(*averaged_, golden_.salt(), "ema.");
  golden_.expect_close(recipe_->losses(batch_of_file(), {}).total.mean(), "out/loss_total_after");
}

TEST_P(FlowMapGolden, Samples) {
  const auto omega = config_["omega_inference"].as<double>();
  for (const std::string& name : golden_.names("out")) {
    if (!name.starts_with("sample_")) {
      continue;
    }
    const bool guided = name.ends_with("_guided");
    const FlowMapSampling sampling{.steps = std::stoll(name.substr(7)), .omega = guided ? omega : 1};
    golden_.expect_close(sample_flow_map(live(), z_src_, cond_, sampling), "out/" + name);
  }
}

SAMSR_GOLDEN_SUITE(FlowMapGolden, testing::golden_files("flowmap"));

}  // namespace
}  // namespace samsr
