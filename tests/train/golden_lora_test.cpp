// Adapters against the golden file: output, gradients, merged weights and what they give, a step.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <map>

#include "models/golden_settings.h"
#include "models/lora/adapter_file.h"
#include "models/lora/adapters.h"
#include "models/unet/unet_swin.h"
#include "models/weights/adapter_names.h"
#include "models/weights/load_weights.h"
#include "support/device.h"
#include "support/golden.h"
#include "train/step/adamw.h"

namespace samsr {
namespace {
using testing::device;
using testing::Golden;
using testing::placed;

constexpr const char* kPrefix = "net.";

class LoraGolden : public ::testing::TestWithParam<std::filesystem::path> {
 protected:
  LoraGolden() {
    const YAML::Node config = golden_.config();
    unet_ = testing::unet_settings(config["unet"]);
    lora_.rank = config["lora"]["rank"].as<std::int64_t>();
    lora_.alpha = config["lora"]["alpha"].as<double>();
    lora_.targets = config["lora"]["targets"].as<std::vector<std::string>>();
    base_ = filled(UNetSwin(unet_));
    adapted_ = UNetSwin(unet_);
    add_adapters(*adapted_, lora_, 1);
    adapted_ = filled(adapted_);
  }

  UNetSwin filled(UNetSwin network) const {
    testing::fill_by_rule(*network, golden_.salt(), kPrefix);
    return placed(network);
  }

  at::Tensor answer(UNetSwin& network) const {
    return network(golden_.read("in/x"), golden_.read("in/t"), golden_.read("in/lq"));
  }

  at::Tensor loss() { return (answer(adapted_) * golden_.read("in/cotangent")).sum() / golden_.read("in/x").size(0); }

  /// Names of the outputs that begin with `what`, without that.
  std::vector<std::string> outputs(const std::string& what) const {
    std::vector<std::string> found;
    for (const std::string& name : golden_.names("out")) {
      if (name.starts_with(what)) {
        found.push_back(name.substr(what.size()));
      }
    }
    return found;
  }

  const Golden golden_{GetParam(), device()};
  UNetSettings unet_;
  LoraSettings lora_;
  UNetSwin base_{nullptr};
  UNetSwin adapted_{nullptr};
};

TEST_P(LoraGolden, AnswersWithAndWithoutAdapters) {
  const torch::NoGradGuard no_grad;
  golden_.expect_close(answer(base_), "out/y_base");
  golden_.expect_close(answer(adapted_), "out/y");
}

TEST_P(LoraGolden, NamesWhatItAdds) {
  std::vector<std::string> names;
  for (const auto& parameter : adapted_->named_parameters()) {
    names.push_back(kPrefix + parameter.key());
  }
  std::vector<std::string> expected = golden_.param_names();
  std::ranges::sort(names);
  std::ranges::sort(expected);
  EXPECT_EQ(names, expected);
}

TEST_P(LoraGolden, DifferentiatesByTheAdaptersAlone) {
  const at::Tensor value = loss();
  golden_.expect_close(value, "out/loss");
  value.backward();
  std::map<std::string, at::Tensor> gradients;
  for (const auto& parameter : adapted_->named_parameters()) {
    EXPECT_EQ(parameter.value().grad().defined(), is_adapter_weight(parameter.key())) << parameter.key();
    gradients[kPrefix + parameter.key()] = parameter.value().grad();
  }
  const auto norm = [&](const std::string& name) {
    return gradients.at(name).defined() ? gradients.at(name).to(at::kDouble).norm().item<double>() : 0;
  };
  std::vector<double> norms;
  for (const std::string& name : golden_.param_names()) {
    norms.push_back(norm(name));
  }
  const at::Tensor each = torch::tensor(norms, at::kDouble);
  golden_.expect_close(each.norm().log(), "out/log_grad_norm_lora");
  golden_.expect_close(each / each.norm(), "out/grad_share");
  for (const std::string& name : outputs("unit_grad.")) {
    const at::Tensor gradient = gradients.at(name).to(at::kDouble);
    const at::Tensor rms = gradient.square().mean().sqrt();
    golden_.expect_close(gradient / rms, "out/unit_grad." + name);
    golden_.expect_close(rms.log(), "out/log_rms_grad." + name);
  }
}

TEST_P(LoraGolden, MergesIntoTheWeights) {
  const torch::NoGradGuard no_grad;
  const TensorFile base = state_of(*base_);
  const TensorFile file =
      adapter_file(copy_of(view_of(trained_parameters(*adapted_))), lora_, {"the base", base_checksum(base)});
  const TensorFile whole = merged(base, "the base", read_adapters(file, "the adapters"), 1);
  const std::map<std::string, at::Tensor> weights(whole.tensors.begin(), whole.tensors.end());
  const std::vector<std::string> shown = outputs("merged.");
  EXPECT_FALSE(shown.empty());
  for (const std::string& name : shown) {
    const at::Tensor expected = golden_.read("out/merged." + name);
    const at::Tensor& weight = weights.at(name.substr(std::string(kPrefix).size()));
    golden_.expect_close(placed(weight.narrow(0, 0, expected.size(0))), "out/merged." + name);
  }
  load_weights(*base_, whole, "the merged model");
  golden_.expect_close(answer(base_), "out/y");
}

TEST_P(LoraGolden, TakesAStep) {
  const YAML::Node adamw = golden_.config()["lora"]["adamw"];
  OptimizerSettings settings;
  settings.lr = adamw["lr"].as<double>();
  settings.beta1 = adamw["betas"][0].as<double>();
  settings.beta2 = adamw["betas"][1].as<double>();
  settings.eps = adamw["eps"].as<double>();
  settings.weight_decay = adamw["weight_decay"].as<double>();
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  for (const auto& [name, parameter] : trained_parameters(*adapted_)) {
    names.push_back(name);
    parameters.push_back(parameter);
  }
  AdamW optimizer(names, parameters, settings);
  loss().backward();
  optimizer.step(settings.lr, placed(torch::zeros({})));
  const torch::NoGradGuard no_grad;
  golden_.expect_close(loss(), "out/loss_after");
}

SAMSR_GOLDEN_SUITE(LoraGolden, testing::golden_files("lora"));

}  // namespace
}  // namespace samsr
