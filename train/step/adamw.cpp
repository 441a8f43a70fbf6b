#include "train/step/adamw.h"

#include <torch/torch.h>

#include <map>

#include "core/error.h"
#include "models/weights/finite_weights.h"

namespace samsr {
AdamW::AdamW(std::vector<std::string> names, std::vector<at::Tensor> parameters, const OptimizerSettings& settings)
    : names_(std::move(names)), parameters_(std::move(parameters)), settings_(settings) {
  for (const at::Tensor& parameter : parameters_) {
    exp_avg_.push_back(at::zeros_like(parameter));
    exp_avg_sq_.push_back(at::zeros_like(parameter));
  }
  step_ = at::zeros({}, parameters_.front().options().dtype(at::kFloat).requires_grad(false));
}

void AdamW::step(double learning_rate, const at::Tensor& skip) {
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  gradients.reserve(parameters_.size());
  for (const at::Tensor& parameter : parameters_) {
    const at::Tensor& gradient = parameter.grad();
    // The fused kernel walks the memory of all four tensors side by side.
    gradients.push_back(gradient.strides() == parameter.strides() ? gradient
                                                                  : at::empty_like(parameter).copy_(gradient));
  }
  step_.add_(1 - skip);
  const std::vector<at::Tensor> steps(parameters_.size(), step_);
  at::_fused_adamw_(parameters_, gradients, exp_avg_, exp_avg_sq_, {}, steps, learning_rate, settings_.beta1,
                    settings_.beta2, settings_.weight_decay, settings_.eps, /*amsgrad=*/false, /*maximize=*/false,
                    /*grad_scale=*/{},
                    /*found_inf=*/skip);
}

TensorFile AdamW::state() const {
  TensorFile file;
  file.metadata["format"] = "samsr-adamw/1";
  file.tensors.emplace_back("step", step_.reshape({1}));
  for (std::size_t i = 0; i < names_.size(); ++i) {
    file.tensors.emplace_back("exp_avg." + names_[i], exp_avg_[i]);
    file.tensors.emplace_back("exp_avg_sq." + names_[i], exp_avg_sq_[i]);
  }
  return file;
}

void AdamW::load_state(const TensorFile& state, const std::string& source) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> found(state.tensors.begin(), state.tensors.end());
  const auto take = [&](const std::string& name, at::Tensor& into) {
    const auto it = found.find(name);
    if (it == found.end() || it->second.numel() != into.numel()) {
      throw UserError("{}: the optimizer's state does not fit this network: {} is {}", source, name,
                      it == found.end() ? "missing" : "of another shape");
    }
    check_finite(name, it->second, source);
    into.copy_(it->second.view(into.sizes()));
  };
  for (std::size_t i = 0; i < names_.size(); ++i) {
    take("exp_avg." + names_[i], exp_avg_[i]);
    take("exp_avg_sq." + names_[i], exp_avg_sq_[i]);
  }
  take("step", step_);
}

}  // namespace samsr
