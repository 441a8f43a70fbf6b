#include "train/step/train_step.h"

#include <torch/torch.h>

#include "models/layers/autocast.h"
#include "train/step/lr_schedule.h"

namespace samsr {

StepRecord TrainStep::run(std::int64_t step, const NextBatch& next_batch) {
  const TrainSettings& settings = parts_.settings;
  measures_terms_ = settings.log_term_gradients > 0 && step % settings.log_term_gradients == 0;
  StepRecord record;
  Batch batch;
  at::Tensor skip;
  for (const Move& move : parts_.recipe.moves(step)) {
    if (move.fresh_batch) {
      batch = next_batch();
    }
    record.push_back(make(move, batch, step, skip));
    skip = record.back().skipped;
  }
  const StepTimer::Span span(parts_.timer, StepPhase::kOptimizer);
  for (const MoveRecord& move : record) {
    parts_.states[move.trainable].update_average(move.skipped);
  }
  return record;
}

MoveRecord TrainStep::make(const Move& move, const Batch& batch, std::int64_t step, const at::Tensor& skip_before) {
  TrainableState& state = parts_.states[move.trainable];
  for (TrainableState& each : parts_.states) {
    if (parts_.states.size() > 1) {
      each.require_gradients(&each == &state);
    }
  }
  {
    const StepTimer::Span span(parts_.timer, StepPhase::kOptimizer);
    state.zero_gradients();
  }
  parts_.recipe.begin(step, move);
  MoveRecord record;
  record.trainable = move.trainable;
  record.samples = batch.sample;
  record.learning_rate = learning_rate(state.optimizer_settings(), parts_.settings, step);
  std::int64_t from = 0;
  for (std::size_t pass = 0; pass < parts_.plan.passes.size(); ++pass) {
    backward(move, slice(batch, from, parts_.plan.passes[pass]), pass + 1 == parts_.plan.passes.size(), record);
    from += parts_.plan.passes[pass];
  }
  const StepTimer::Span span(parts_.timer, StepPhase::kOptimizer);
  const torch::NoGradGuard no_grad;
  enter(Phase::kUpdate);
  state.exchange().sum(record.total);
  if (record.term_gradients.defined()) {
    state.exchange().sum(record.term_gradients);
    record.term_gradients.sqrt_();
  }
  record.gradient_norm = state.gradient_norm();
  const at::Tensor finite = at::isfinite(record.total).all().logical_and(at::isfinite(record.gradient_norm));
  record.skipped = finite.logical_not().to(at::kFloat);
  if (skip_before.defined()) {
    record.skipped = at::maximum(record.skipped, skip_before);
  }
  state.clip(record.gradient_norm);
  if (parts_.writer != nullptr) {
    parts_.writer->await_copy();
  }
  state.update(record.learning_rate, record.skipped);
  if (parts_.settings.checkpoint_activations) {
    state.free_gradients();
  }
  return record;
}

void TrainStep::backward(const Move& move, const Batch& batch, bool last_pass, MoveRecord& record) {
  TrainableState& state = parts_.states[move.trainable];
  if (last_pass) {
    state.exchange().prepare_for_backward();
  }
  enter(Phase::kForward);
  RecipeLosses losses;
  {
    const StepTimer::Span span(parts_.timer, StepPhase::kForward);
    const Autocast autocast(state.parameters().front().device(), parts_.settings.precision == "bf16");
    losses = parts_.recipe.losses(batch, move);
  }
  {
    const StepTimer::Span span(parts_.timer, StepPhase::kBackward);
    enter(Phase::kBackward);
    if (measures_terms_) {
      add_term_gradients(losses, record);
    }
    (losses.total.sum() * parts_.plan.loss_factor()).backward();
  }
  if (last_pass && parts_.timer != nullptr) {
    parts_.timer->move(StepPhase::kBackward, StepPhase::kExchange, state.exchange().waited_ms());
  }

  const torch::NoGradGuard no_grad;
  const at::Tensor images = losses.total.detach();
  record.images = record.images.defined() ? at::cat({record.images, images}) : images;
  std::vector<at::Tensor> sums{images.to(at::kDouble).sum()};
  record.names = {"loss"};
  for (const LossTerm& term : losses.terms) {
    record.names.push_back(term.name);
    sums.push_back(term.values.to(at::kDouble).sum());
  }
  const at::Tensor local = at::stack(sums);
  record.total = record.total.defined() ? record.total + local : local;
}

void TrainStep::add_term_gradients(const RecipeLosses& losses, MoveRecord& record) const {
  std::vector<at::Tensor> squares;
  record.weighted.clear();
  for (const LossTerm& term : losses.terms) {
    if (term.weight == 0 || losses.predictions.empty()) {
      continue;
    }
    const at::Tensor share = term.weight / static_cast<double>(parts_.plan.global_batch) * term.values.sum();
    at::Tensor square = at::zeros({}, share.options().dtype(at::kDouble));
    for (const at::Tensor& gradient : torch::autograd::grad({share}, losses.predictions, /*grad_outputs=*/{},
                                                            /*retain_graph=*/true, /*create_graph=*/false,
                                                            /*allow_unused=*/true)) {
      if (gradient.defined()) {
        square += gradient.to(at::kDouble).square().sum();
      }
    }
    record.weighted.push_back(term.name);
    squares.push_back(square);
  }
  if (!squares.empty()) {
    const at::Tensor all = at::stack(squares);
    record.term_gradients = record.term_gradients.defined() ? record.term_gradients + all : all;
  }
}

void TrainStep::enter(Phase phase) {
  if (parts_.watchdog != nullptr) {
    parts_.watchdog->at(phase);
  }
}

}  // namespace samsr
