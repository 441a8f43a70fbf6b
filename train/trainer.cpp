#include "train/trainer.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "core/memory.h"
#include "core/progress.h"
#include "models/weights/load_weights.h"
#include "train/checkpoints/checkpoint.h"
#include "train/report/step_profiler.h"
#include "data/shards/batch.h"
#include "train/step/lr_schedule.h"

namespace samsr {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

void Trainer::run() {
  if (step_ >= settings_.steps) {
    log_.info("nothing to do: {} of {} steps are done", step_, settings_.steps);
    return;
  }
  if (const std::string problem = memory_problem(); !problem.empty()) {
    log_.warning("{}", problem);
  }
  StepProfiler profiler(config_.profile, out_, communicator_.rank(), device_, log_);
  Progress progress(log_, "training", settings_.steps, "steps", step_);
  std::int64_t saved = step_;
  bool due = false;
  bool stop = false;
  while (step_ < settings_.steps && !stop) {
    profiler.before(step_ + 1);
    stop = step();
    profiler.after();
    progress.set(step_, report_ ? report_->status() : std::string());
    if (pictures_ && step_ % settings_.log_images == 0) {
      watchdog_.at(Phase::kValidation);
      report_->pictures(step_, pictures_->draw());
    }
    // In a streak of bad steps the checkpoint before it stays the newest; the one due is made up for after it.
    due = due || stop || best_yet_ || step_ == settings_.steps || step_ % settings_.checkpoint_every == 0;
    if (due && bad_steps_ == 0) {
      save();
      saved = step_;
      due = false;
      best_yet_.reset();
    }
  }
  profiler.finish();
  progress.finish();
  if (report_) {
    report_->finish();
  }
  log_.info("{} at step {}; checkpoint {}", stop && step_ < settings_.steps ? "stopped by a signal" : "done", step_,
            (out_ / checkpoint_name(saved)).string());
  if (saved < step_) {
    log_.warning(
        "the last steps were not finite, so nothing after step {} is saved; the same command goes on from there",
        saved);
  }
}

bool Trainer::step() {
  const auto start = Clock::now();
  watchdog_.at(step_ + 1, Phase::kData);
  Batch batch = [&] {
    const StepTimer::Span span(&timer_, StepPhase::kDataWait);
    return batches_->next();
  }();
  const double waited = milliseconds_since(start);
  {
    const StepTimer::Span span(&timer_, StepPhase::kForward);
    batch = prepared(std::move(batch));
  }

  PendingStep pending;
  pending.metrics.step = step_ + 1;
  pending.metrics.learning_rate = learning_rate(settings_, pending.metrics.step);
  pending.record = train_step_->run(batch, pending.metrics.learning_rate);
  pending.samples = batch.sample;

  // One exchange tells every rank whether any was asked to stop, or met a bad sample.
  std::array<double, 2> events{static_cast<double>(batch.bad.size()), stop_signal_.received() ? 1.0 : 0.0};
  {
    const StepTimer::Span span(&timer_, StepPhase::kExchange);
    communicator_.sum(events);
    pending.metrics.data_wait_ms = communicator_.max(waited);
  }
  if (events[0] > 0) {
    bad_samples_.add(batch.bad, communicator_);
  }
  const bool stop = events[1] > 0;
  ++step_;
  timer_.end_step();

  pending.metrics.memory_mb = resident_memory_mb();
  pending.metrics.bad_samples = bad_samples_.count();
  if (validation_ && !config_.dry_run && (step_ % config_.validation.every == 0 || step_ == settings_.steps)) {
    watchdog_.at(Phase::kValidation);
    pending.metrics.validation = validation_->figures(step_);
    look_for_best(pending.metrics.validation);
  }
  pending_.push_back(std::move(pending));
  // On a GPU the values of a step are fetched once every few steps, so that the host never waits for it in between.
  if (device_.is_cpu() || stop || step_ == settings_.steps || step_ % settings_.log_every == 0 ||
      step_ % settings_.checkpoint_every == 0) {
    finish_pending_steps();
  }
  return stop;
}

void Trainer::look_for_best(const std::vector<std::pair<std::string, double>>& figures) {
  const Validation::Goal goal = validation_->goal();
  const auto found =
      std::find_if(figures.begin(), figures.end(), [&](const auto& each) { return each.first == goal.figure; });
  TORCH_CHECK(found != figures.end(), "a validation without its own goal, ", goal.figure);
  // Rank 0 alone has read what earlier runs found.
  const bool better = communicator_.rank() == 0 && beats(found->second, goal, best_);
  if (communicator_.max(better ? 1 : 0) > 0) {
    best_yet_ = best_ = BestCheckpoint{/*checkpoint=*/{}, goal.figure, found->second};  // named when it is saved
  }
}

void Trainer::finish_pending_steps() {
  const std::vector<StepTimes> times = timer_.take();
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    pending_[i].metrics.times = times.at(i);
    finish(pending_[i]);
  }
  pending_.clear();
  if (bad_steps_ > settings_.max_bad_steps) {
    throw UserError(
        "{} steps in a row had a loss or gradient that is not finite; the last checkpoint is whole; lower train.lr, or "
        "look at the samples named above",
        bad_steps_);
  }
}

void Trainer::finish(PendingStep& pending) {
  StepMetrics& metrics = pending.metrics;
  const at::Tensor sums = pending.record.total.cpu();
  for (std::size_t i = 0; i < pending.record.names.size(); ++i) {
    metrics.losses.emplace_back(pending.record.names[i], sums[static_cast<std::int64_t>(i)].item<double>() /
                                                             static_cast<double>(settings_.global_batch));
  }
  metrics.gradient_norm = pending.record.gradient_norm.item<double>();
  metrics.skipped = pending.record.skipped.item<float>() != 0;
  bad_steps_ = metrics.skipped ? bad_steps_ + 1 : 0;
  if (metrics.skipped) {
    report_bad_step(pending);
  }
  last_times_ = metrics.times;
  metrics.images_per_second = static_cast<double>(settings_.global_batch) * 1e3 / metrics.times.whole;
  if (report_) {
    report_->step(metrics);
  }
  if (!metrics.validation.empty()) {
    std::string figures;
    for (const auto& [name, value] : metrics.validation) {
      figures += fmt::format("  {} {:.5f}", name, value);
    }
    log_.info("step {}{}", metrics.step, figures);
  }
}

Batch Trainer::prepared(Batch batch) const {
  batch = to_device(std::move(batch), device_);
  if (recipe_->fields().latents && !batch.z_0.defined()) {
    const torch::NoGradGuard no_grad;
    batch.z_0 = model_->first_stage().encode(batch.hr);
    batch.z_y = model_->first_stage().encode_lq(batch.lq, config_.model.scale);
  }
  return batch;
}

void Trainer::report_bad_step(const PendingStep& pending) {
  std::string culprit = "the gradient";
  for (std::size_t i = 1; i < pending.metrics.losses.size() && culprit == "the gradient"; ++i) {
    if (!std::isfinite(pending.metrics.losses[i].second)) {
      culprit = pending.metrics.losses[i].first;
    }
  }
  log_.warning("step {}: {} is not finite; the step is skipped on all ranks ({} in a row, {} allowed)",
               pending.metrics.step, culprit, bad_steps_, settings_.max_bad_steps);
  const at::Tensor finite = at::isfinite(pending.record.images).cpu();
  std::vector<std::string> named;
  for (std::size_t i = 0; i < pending.samples.size(); ++i) {
    if (!finite[static_cast<std::int64_t>(i)].item<bool>()) {
      named.push_back(fmt::format("{} ({})", pending.samples[i], shards_.where(pending.samples[i])));
    }
  }
  if (!named.empty()) {
    log_.from_rank(fmt::format("step {}: not finite for sample {}", pending.metrics.step, fmt::join(named, ", ")));
  }
}

void Trainer::check_weights() const {
  const torch::NoGradGuard no_grad;
  if (!at::isfinite(at::stack(at::_foreach_norm(parameters_))).all().item<bool>()) {
    throw UserError(
        "the weights have grown beyond all bounds by step {}, so they are not saved; the last checkpoint is whole; "
        "lower "
        "train.lr",
        step_);
  }
}

void Trainer::save() {
  watchdog_.at(Phase::kSave);
  check_weights();
  if (communicator_.rank() == 0) {
    Checkpoint checkpoint;
    checkpoint.student = subject_->file(state_of(subject_->network()));
    checkpoint.ema = subject_->file(state_of(subject_->average()));
    checkpoint.optimizer = optimizer_->state();
    checkpoint.step = step_;
    checkpoint.position = static_cast<std::uint64_t>(step_ * settings_.global_batch);
    checkpoint.seed = settings_.seed;
    checkpoint.dataset_size = samples_.count;
    checkpoint.config = config_.resolved;
    save_checkpoint(out_, checkpoint, settings_.keep);
    if (best_yet_) {
      best_yet_->checkpoint = checkpoint_name(step_);
      write_best(out_, *best_yet_);
      log_.info("best so far: {}, {} {:.5f}", best_yet_->checkpoint, best_yet_->figure, best_yet_->value);
    }
  }
  return_freed_memory();
  communicator_.barrier();
  watchdog_.saved(step_);
}

}  // namespace samsr
