#include "train/step/trainable_state.h"

#include <torch/torch.h>

namespace samsr {
namespace {

/// Names of a trainable's parts in a checkpoint. The first has the names that every reader of checkpoints knows.
struct PartNames {
  PartNames(std::size_t index, const std::string& name)
      : weights(index == 0 ? "student" : name),
        average(index == 0 ? "ema" : name + "-ema"),
        optimizer(index == 0 ? "optimizer" : name + "-optimizer") {}
  const std::string weights;
  const std::string average;
  const std::string optimizer;
};

std::vector<std::string> names_of(const NamedParameters& parameters) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : parameters) {
    names.push_back(name);
  }
  return names;
}

std::vector<at::Tensor> tensors_of(const NamedParameters& parameters) {
  std::vector<at::Tensor> tensors;
  for (const auto& [name, tensor] : parameters) {
    tensors.push_back(tensor);
  }
  return tensors;
}

std::string file_of(const std::string& folder, const std::string& part) {
  return (std::filesystem::path(folder) / checkpoint_file(part)).string();
}

}  // namespace

TrainableState::TrainableState(const Recipe& recipe, std::size_t index, double ema_rate)
    : recipe_(recipe),
      index_(index),
      trainable_(recipe.trainables().at(index)),
      ema_rate_(ema_rate),
      named_(trained_parameters(*trainable_.network)),
      parameters_(tensors_of(named_)),
      frozen_(named_.size() < trainable_.network->parameters().size()),
      optimizer_(names_of(named_), parameters_, trainable_.optimizer) {}

std::int64_t TrainableState::parameter_count() const {
  std::int64_t count = 0;
  for (const at::Tensor& parameter : parameters_) {
    count += parameter.numel();
  }
  return count;
}

void TrainableState::load(const Checkpoint& checkpoint, const std::string& folder) {
  const PartNames names(index_, trainable_.name);
  load_part(*trainable_.network, named_, checkpoint.part(names.weights, folder), file_of(folder, names.weights));
  start_average();
  if (trainable_.average != nullptr) {
    load_part(*trainable_.average, averages(), checkpoint.part(names.average, folder), file_of(folder, names.average));
  }
  optimizer_.load_state(checkpoint.part(names.optimizer, folder), file_of(folder, names.optimizer));
}

void TrainableState::save(Checkpoint& checkpoint) const {
  const PartNames names(index_, trainable_.name);
  const auto weights = [this](const torch::nn::Module& network, const NamedParameters& trained) {
    return recipe_.file(index_, frozen_ ? view_of(trained) : view_of(network));
  };
  checkpoint.parts[names.weights] = weights(*trainable_.network, named_);
  if (trainable_.average != nullptr) {
    checkpoint.parts[names.average] = weights(*trainable_.average, averages());
  }
  checkpoint.parts[names.optimizer] = optimizer_.state();
}

void TrainableState::start_average() {
  if (trainable_.average != nullptr) {
    ema_.emplace(parameters_, tensors_of(averages()), ema_rate_);
  }
}

NamedParameters TrainableState::averages() const {
  const auto all = trainable_.average->named_parameters();
  NamedParameters found;
  for (const auto& [name, parameter] : named_) {
    found.emplace_back(name, all[name]);
  }
  return found;
}

void TrainableState::load_part(torch::nn::Module& network, const NamedParameters& trained, const TensorFile& part,
                               const std::string& source) const {
  recipe_.check_part(index_, part, source);
  if (frozen_) {
    load_parameters(trained, part, source);
  } else {
    load_weights(network, part, source);
  }
}

void TrainableState::connect(Communicator& communicator, const ExchangeOptions& options) {
  exchange_ = std::make_unique<GradientExchange>(communicator, parameters_, options);
}

void TrainableState::require_gradients(bool required) {
  for (at::Tensor parameter : parameters_) {
    parameter.requires_grad_(required);
  }
}

std::vector<at::Tensor> TrainableState::gradients() const {
  std::vector<at::Tensor> found;
  found.reserve(parameters_.size());
  for (const at::Tensor& parameter : parameters_) {
    if (parameter.grad().defined()) {
      found.push_back(parameter.grad());
    }
  }
  return found;
}

void TrainableState::zero_gradients() {
  if (std::vector<at::Tensor> all = gradients(); !all.empty()) {
    at::_foreach_zero_(all);
  }
}

at::Tensor TrainableState::gradient_norm() const {
  const std::vector<at::Tensor> all = gradients();
  TORCH_CHECK(all.size() == parameters_.size(), trainable_.name, ": ", parameters_.size() - all.size(), " of ",
              parameters_.size(), " parameters have no gradient");
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(all))).to(at::kDouble);
}

void TrainableState::clip(const at::Tensor& norm) {
  if (trainable_.optimizer.clip > 0) {
    std::vector<at::Tensor> all = gradients();
    at::_foreach_mul_(all, (trainable_.optimizer.clip / norm).clamp_max(1).to(at::kFloat));
  }
}

void TrainableState::update_average(const at::Tensor& skip) {
  if (ema_) {
    ema_->update(skip);
  }
}

void TrainableState::free_gradients() {
  if (!exchange_->keeps_gradients()) {
    for (at::Tensor parameter : parameters_) {
      parameter.mutable_grad().reset();
    }
  }
}

std::vector<TrainableState> make_states(const Recipe& recipe, double ema_rate) {
  std::vector<TrainableState> states;
  states.reserve(recipe.trainables().size());
  for (std::size_t index = 0; index < recipe.trainables().size(); ++index) {
    states.emplace_back(recipe, index, ema_rate);
  }
  return states;
}

}  // namespace samsr
