#pragma once
// A student's steps against its discriminator, by the trainer's own step and a golden file's numbers: terms, gradients
// of both networks, spectral vectors, optimizer, average.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "diffusion/golden_case.h"
#include "models/golden_discriminator.h"
#include "train/recipes/super_resolution.h"
#include "train/step/train_step.h"

namespace samsr::testing {

class AdversarialStepGolden : public GoldenCase {
 protected:
  static constexpr Move kOfStudent{.trainable = 0, .fresh_batch = false};

  /// `method`: its name, and of its section of the file's config.
  explicit AdversarialStepGolden(const char* method) : config_(golden_.config()[method]) {
    const YAML::Node weights = config_["weights"];
    DistillSettings& distill = parts_.distill;
    distill.lambda_inverse = distill.lambda_gt = 0;
    distill.lambda_distill = weights["distill"].as<double>();
    distill.lambda_adversarial = weights["adversarial"].as<double>();
    distill.discriminator.network = discriminator_settings(config_["discriminator"]);
    distill.discriminator.loss = config_["discriminator"]["loss"].as<std::string>();
    const YAML::Node adamw = config_["adamw"];
    OptimizerSettings& optimizer = parts_.train.optimizer;
    optimizer = {.lr = adamw["lr"].as<double>(),
                 .weight_decay = adamw["weight_decay"].as<double>(),
                 .beta1 = adamw["betas"][0].as<double>(),
                 .beta2 = adamw["betas"][1].as<double>(),
                 .eps = adamw["eps"].as<double>(),
                 .constant_lr = true};
    distill.discriminator.optimizer = optimizer;

    const YAML::Node config = golden_.config();
    model_.unet = unet_settings(config["unet"]);
    model_.diffusion = diffusion_settings(config["diffusion"]);
    model_.scale = scale_;
    model_.first_stage.type = "vq_f4";
    model_.first_stage.autoencoder = autoencoder_settings(config["autoencoder"]);
    parts_.network = model("student.");
    parts_.teacher = model("teacher.");
    auto average = std::make_unique<SuperResolutionModel>(model_, 0, first_stage_);
    average->to(device());
    parts_.average = std::make_shared<LoadedModel>(LoadedModel{std::move(average), &method_named(method)});
    const auto rows = [this](const Batch& batch, const std::string& name) {
      const std::vector<std::int64_t> of(batch.sample.begin(), batch.sample.end());
      const at::Tensor drawn = golden_.read("in/" + name);
      const at::Tensor now = one_step_ ? drawn : drawn[iteration_];
      return now.index_select(0, placed(torch::tensor(of)));
    };
    const auto short_name = [](std::string_view purpose) { return purpose == "discriminator" ? "d" : "hsd"; };
    parts_.noise = [rows](const Batch& batch, at::IntArrayRef) { return rows(batch, "noise"); };
    parts_.draws.steps = [rows, short_name](const Batch& batch, std::string_view purpose, std::int64_t) {
      return rows(batch, std::string("t_") + short_name(purpose));
    };
    parts_.draws.noise = [rows, short_name](const Batch& batch, std::string_view purpose, at::IntArrayRef,
                                            const std::string&) {
      return rows(batch, std::string("noise_") + short_name(purpose));
    };
    step_batch_.lq = batch_.lq;
    step_batch_.z_0 = batch_.z_0;
    step_batch_.z_y = batch_.z_y;
    for (std::int64_t b = 0; b < batch_.lq.size(0); ++b) {
      step_batch_.position.push_back(static_cast<std::uint64_t>(b));
      step_batch_.sample.push_back(static_cast<std::uint64_t>(b));
    }
  }

  std::shared_ptr<SuperResolutionModel> model(const std::string& weights) const {
    auto made = std::make_shared<SuperResolutionModel>(model_, 0, first_stage_);
    fill_by_rule(*made->unet(), golden_.salt(), weights);
    made->to(device());
    return made;
  }

  virtual std::unique_ptr<Recipe> recipe() const = 0;

  /// The recipe of the parts, and its states on this rank alone.
  void make() {
    recipe_ = recipe();
    if (recipe_->trainables().size() > 1) {
      fill_discriminator(*recipe_->trainables()[1].network, golden_);
    }
    states_ = make_states(*recipe_, config_["ema_rate"] ? config_["ema_rate"].as<double>() : 0.0);
    for (TrainableState& state : states_) {
      state.start_average();
      state.connect(*alone_);
    }
  }

  StepRecord iterate(std::int64_t iteration, std::int64_t microbatch) {
    iteration_ = iteration;
    const BatchPlan plan(step_batch_.lq.size(0), microbatch, 0, 1);
    return TrainStep({*recipe_, states_, plan, parts_.train}).run(iteration + 1, [this] { return step_batch_; });
  }

  /// What the names of iteration number `iteration`'s outputs end with.
  std::string suffix(std::int64_t iteration) const { return one_step_ ? "" : "_" + std::to_string(iteration); }

  std::int64_t images() const { return step_batch_.lq.size(0); }

  void expect_terms(const MoveRecord& move, const std::map<std::string, std::string>& outputs, std::int64_t iteration) {
    for (std::size_t i = 0; i < move.names.size(); ++i) {
      if (const auto output = outputs.find(move.names[i]); output != outputs.end()) {
        const std::string name = "out/loss_" + output->second + suffix(iteration);
        golden_.expect_close(move.total[static_cast<std::int64_t>(i)], golden_.read(name).sum(), name);
      }
    }
  }

  /// Name in the golden file → parameter, of the trainables.
  std::map<std::string, at::Tensor> parameters() const {
    std::map<std::string, at::Tensor> found;
    for (const Trainable& trainable : recipe_->trainables()) {
      for (const auto& parameter : trainable.network->named_parameters()) {
        found[trainable.name + "." + parameter.key()] = parameter.value();
      }
    }
    return found;
  }

  /// A gradient in the file's two parts: direction, and the log of its root mean square.
  void expect_gradient(const at::Tensor& gradient, const std::string& unit, const std::string& log_rms) {
    const at::Tensor rms = gradient.to(at::kDouble).square().mean().sqrt();
    golden_.expect_close(rms.log(), "out/" + log_rms);
    golden_.expect_close(gradient / rms, "out/" + unit);
  }

  /// Norms, shares and chosen gradients of both networks as a step left them.
  void expect_gradients(const StepRecord& record) {
    golden_.expect_close(record[0].gradient_norm.log(), "out/log_grad_norm_discriminator");
    golden_.expect_close(record[1].gradient_norm.log(), "out/log_grad_norm_student");
    std::vector<double> shares;
    const auto all = parameters();
    for (const std::string& name : golden_.param_names()) {
      const auto found = all.find(name);
      const bool of_student = name.starts_with("student.");
      shares.push_back(found == all.end()
                           ? 0
                           : (found->second.grad().norm() / record[of_student ? 1 : 0].gradient_norm).item<double>());
    }
    golden_.expect_close(torch::tensor(shares, torch::kFloat64), "out/grad_share");
    for (const auto& [name, parameter] : all) {
      if (golden_.has("out/unit_grad." + name)) {
        expect_gradient(parameter.grad(), "unit_grad." + name, "log_rms_grad." + name);
      }
    }
  }

  /// All that moved from `before`, copies of parameters(), and the average.
  void expect_updates(const std::map<std::string, at::Tensor>& before) {
    const double rate = parts_.train.optimizer.lr;
    std::map<std::string, at::Tensor> average;
    for (const auto& parameter : parts_.average->model->unet()->named_parameters()) {
      average["student." + parameter.key()] = parameter.value();
    }
    int compared = 0;
    for (const auto& [name, parameter] : parameters()) {
      if (golden_.has("out/update." + name)) {
        golden_.expect_close((parameter - before.at(name)) / rate, "out/update." + name);
        ++compared;
      }
      if (golden_.has("out/ema_update." + name)) {
        golden_.expect_close((average.at(name) - before.at(name)) / rate, "out/ema_update." + name);
        ++compared;
      }
    }
    EXPECT_GT(compared, 0);
  }

  /// Copies of parameters().
  std::map<std::string, at::Tensor> copies() const {
    std::map<std::string, at::Tensor> found = parameters();
    for (auto& [name, parameter] : found) {
      parameter = parameter.detach().clone();
    }
    return found;
  }

  const YAML::Node config_;
  const bool one_step_ = golden_.read("in/noise").dim() == 4;  ///< the file's draws have no axis of iterations
  ModelSettings model_;
  SuperResolutionParts parts_;
  Batch step_batch_;
  std::int64_t iteration_ = 0;
  const std::unique_ptr<Communicator> alone_ = make_single_communicator();
  std::unique_ptr<Recipe> recipe_;
  std::vector<TrainableState> states_;
};

}  // namespace samsr::testing
