#include "train/step/train_step.h"

#include <torch/torch.h>

#include "models/layers/autocast.h"
#include "data/shards/batch.h"

namespace samsr {

StepRecord TrainStep::run(const Batch& batch, double learning_rate) {
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parts_.parameters) {
    if (parameter.grad().defined()) {
      gradients.push_back(parameter.grad());
    }
  }
  if (!gradients.empty()) {
    const StepTimer::Span span(parts_.timer, StepPhase::kOptimizer);
    at::_foreach_zero_(gradients);
  }
  StepRecord record;
  std::int64_t from = 0;
  for (std::size_t pass = 0; pass < parts_.plan.passes.size(); ++pass) {
    backward(slice(batch, from, parts_.plan.passes[pass]), pass + 1 == parts_.plan.passes.size(), record);
    from += parts_.plan.passes[pass];
  }
  const StepTimer::Span span(parts_.timer, StepPhase::kOptimizer);
  const torch::NoGradGuard no_grad;
  now(Phase::kUpdate);
  record.total = record.local.clone();
  parts_.exchange.sum(record.total);
  record.gradient_norm = gradient_norm();
  const at::Tensor finite = at::isfinite(record.total).all().logical_and(at::isfinite(record.gradient_norm));
  record.skipped = finite.logical_not().to(at::kFloat);
  parts_.optimizer.step(learning_rate, record.skipped);
  parts_.ema.update(record.skipped);
  if (parts_.free_gradients && !parts_.exchange.keeps_gradients()) {
    for (at::Tensor parameter : parts_.parameters) {
      parameter.mutable_grad().reset();
    }
  }
  return record;
}

void TrainStep::backward(const Batch& batch, bool last_pass, StepRecord& record) {
  if (last_pass) {
    parts_.exchange.prepare_for_backward();
  }
  now(Phase::kForward);
  RecipeLosses losses;
  {
    const StepTimer::Span span(parts_.timer, StepPhase::kForward);
    const Autocast autocast(parts_.parameters.front().device(), parts_.bf16);
    losses = parts_.recipe.losses(batch);
  }
  {
    const StepTimer::Span span(parts_.timer, StepPhase::kBackward);
    now(Phase::kBackward);
    (losses.total.sum() * parts_.plan.loss_factor()).backward();
  }
  if (last_pass && parts_.timer != nullptr) {
    parts_.timer->move(StepPhase::kBackward, StepPhase::kExchange, parts_.exchange.waited_ms());
  }

  const torch::NoGradGuard no_grad;
  const at::Tensor images = losses.total.detach();
  record.images = record.images.defined() ? at::cat({record.images, images}) : images;
  losses.terms.insert(losses.terms.begin(), {"loss", losses.total});
  std::vector<at::Tensor> sums;
  record.names.clear();
  for (const auto& [name, values] : losses.terms) {
    record.names.push_back(name);
    sums.push_back(values.to(at::kDouble).sum());
  }
  const at::Tensor local = at::stack(sums);
  record.local = record.local.defined() ? record.local + local : local;
}

void TrainStep::now(Phase phase) {
  if (parts_.watchdog != nullptr) {
    parts_.watchdog->at(phase);
  }
}

at::Tensor TrainStep::gradient_norm() const {
  std::vector<at::Tensor> gradients;
  gradients.reserve(parts_.parameters.size());
  for (const at::Tensor& parameter : parts_.parameters) {
    gradients.push_back(parameter.grad());
  }
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients))).to(at::kDouble);
}

}  // namespace samsr
