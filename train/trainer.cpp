#include "train/trainer.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "core/memory.h"
#include "core/progress.h"
#include "train/report/run_health.h"
#include "train/report/step_profiler.h"
#include "train/run/disk.h"
#include "train/step/step_metrics.h"

namespace samsr {

Trainer::Trainer(Run& run)
    : run_(run),
      train_step_({*run.recipe, run.states, run.plan, run.settings, &run.timer, &run.watchdog, &run.writer}) {}

void Trainer::run() {
  const TrainSettings& settings = run_.settings;
  if (run_.step >= settings.steps) {
    run_.log.info("nothing to do: {} of {} steps are done", run_.step, settings.steps);
    return;
  }
  if (const std::string problem = run_.memory_problem(); !problem.empty()) {
    run_.log.warning("{}", problem);
  }
  if (const std::string problem = disk_problem(run_); !problem.empty()) {
    run_.log.warning("{}", problem);
  }
  StepProfiler profiler(run_.config.profile, run_.out, run_.communicator.rank(), run_.device, run_.log);
  Progress progress(run_.log, "training", settings.steps, "steps", run_.step);
  std::int64_t saved = run_.step;
  bool stop = false;
  run_.schedule.begin(CheckpointSchedule::Clock::now());
  while (run_.step < settings.steps && !stop) {
    profiler.before(run_.step + 1);
    stop = step();
    profiler.after();
    const bool last = stop || run_.step == settings.steps;
    due_ = due_ || last || run_.schedule.due_after(run_.step);
    if (run_.validation && (run_.step % run_.config.validation.every == 0 || run_.step == settings.steps)) {
      validate();
    }
    // On a GPU the values of a step are fetched once every few steps, so that the host never waits for it in between.
    if (run_.device.is_cpu() || due_ || run_.step % settings.log_every == 0) {
      finish_pending_steps();
    }
    progress.set(run_.step, run_.report ? run_.report->status() : std::string());
    if (run_.pictures && run_.step % settings.log_images == 0) {
      run_.watchdog.at(Phase::kValidation);
      run_.report->pictures(run_.step, run_.pictures->draw());
    }
    // In a streak of bad steps the checkpoint before it stays the newest; the one due is made up for after it.
    due_ = due_ || run_.best_yet;
    if (due_ && bad_steps_ == 0) {
      save();
      saved = run_.step;
      due_ = false;
    }
  }
  run_.finish_save();
  profiler.finish();
  progress.finish();
  if (run_.report) {
    run_.report->finish();
  }
  const bool stopped = stop && run_.step < settings.steps;
  if (saved == run_.step) {
    run_.log.info("{} at step {}; checkpoint {}", stopped ? "stopped by a signal" : "done", run_.step,
                  run_.newest.string());
    return;
  }
  const std::string unsaved =
      fmt::format("the last {} not finite, so nothing after step {} is saved: {}",
                  bad_steps_ == 1 ? "step was" : fmt::format("{} steps were", bad_steps_), saved, run_.newest_named());
  if (!stopped) {
    throw UserError("{}; lower train.lr, or look at the weights that the run began with and the samples named above",
                    unsaved);
  }
  run_.log.warning("stopped by a signal at step {}; {}; the same command goes on from there", run_.step, unsaved);
}

bool Trainer::step() {
  run_.watchdog.at(run_.step + 1, Phase::kData);
  PendingStep pending;
  pending.metrics.step = run_.step + 1;
  pending.beside_save = run_.saving();
  std::vector<std::uint64_t> bad;
  pending.record =
      train_step_.run(pending.metrics.step, [&] { return run_.next_batch(pending.metrics.data_wait_ms, bad); });

  // One exchange tells every rank whether any was asked to stop, or met a bad sample, and whether a checkpoint is due
  // by the clock of rank 0.
  const bool due = run_.communicator.rank() == 0 && run_.schedule.due_at(CheckpointSchedule::Clock::now());
  std::array<double, 3> events{static_cast<double>(bad.size()), stop_signal_.received() ? 1.0 : 0.0, due ? 1.0 : 0.0};
  {
    const StepTimer::Span span(&run_.timer, StepPhase::kExchange);
    run_.communicator.sum(events);
  }
  if (events[0] > 0) {
    run_.bad_samples.add(bad, run_.communicator);
  }
  due_ = due_ || events[2] > 0;
  ++run_.step;
  run_.look_at_save();
  if (pending.beside_save && !run_.saving()) {
    run_.schedule.written(CheckpointSchedule::Clock::now());
  }
  run_.timer.end_step();
  pending.metrics.memory_mb = resident_memory_mb();
  pending.metrics.gpu_memory_mb = peak_gpu_memory_mb(run_.device);
  pending.metrics.bad_samples = run_.bad_samples.count();
  pending.metrics.checkpoint_wait_ms = std::exchange(save_ms_, 0.0) + run_.writer.take_waited_ms();
  if (const auto seconds = run_.schedule.interval()) {
    pending.metrics.checkpoint_minutes = *seconds / 60;
  }
  pending_.push_back(std::move(pending));
  return events[1] > 0;
}

void Trainer::save() {
  const auto begun = CheckpointSchedule::Clock::now();
  const bool under_way = run_.saving();
  run_.save();
  const auto now = CheckpointSchedule::Clock::now();
  if (under_way) {
    run_.schedule.written(now);
  }
  run_.schedule.saved(begun, now);
  if (!run_.saving()) {
    run_.schedule.written(now);
  }
  save_ms_ = std::chrono::duration<double, std::milli>(now - begun).count();
}

void Trainer::validate() {
  run_.watchdog.at(Phase::kValidation);
  const auto figures = run_.validation->figures(run_.step);
  const Validation::Goal goal = run_.validation->goal();
  const auto found = std::ranges::find(figures, goal.figure, &std::pair<std::string, double>::first);
  TORCH_CHECK(found != figures.end(), "a validation without its own goal, ", goal.figure);
  // Rank 0 alone has read what earlier runs found.
  const bool better = run_.communicator.rank() == 0 && beats(found->second, goal, run_.best);
  if (run_.communicator.max(better ? 1 : 0) > 0) {
    run_.best_yet = run_.best =
        BestCheckpoint{/*checkpoint=*/{}, goal.figure, found->second};  // named when it is saved
  }
  pending_.back().metrics.validation = figures;
}

void Trainer::finish_pending_steps() {
  const std::vector<StepTimes> times = run_.timer.take();
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    pending_[i].metrics.times = times.at(i);
  }
  compare_ranks();
  for (PendingStep& pending : pending_) {
    finish(pending);
  }
  pending_.clear();
  if (bad_steps_ > run_.settings.max_bad_steps) {
    run_.finish_save();
    throw UserError(
        "{} steps in a row had a loss or gradient that is not finite; {}; lower train.lr, or look at the samples named "
        "above",
        bad_steps_, run_.newest_named());
  }
}

void Trainer::compare_ranks() {
  std::vector<double> own;
  for (const PendingStep& pending : pending_) {
    own.push_back(pending.metrics.data_wait_ms);
    own.push_back(pending.metrics.times.before_exchange());
  }
  const std::vector<double> all = run_.communicator.gather(own);
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    std::vector<double> waits;
    std::vector<double> work;
    for (std::size_t rank_begin = 0; rank_begin < all.size(); rank_begin += own.size()) {
      waits.push_back(all[rank_begin + 2 * i]);
      work.push_back(all[rank_begin + 2 * i + 1]);
    }
    pending_[i].metrics.data_wait_ms = std::ranges::max(waits);
    if (work.size() > 1) {
      pending_[i].metrics.slowest = slowest_rank(work, run_.watchdog.hosts());
    }
  }
}

void Trainer::finish(PendingStep& pending) {
  StepMetrics& metrics = pending.metrics;
  fill(metrics, pending.record, run_.states, run_.settings.global_batch);
  bad_steps_ = metrics.skipped ? bad_steps_ + 1 : 0;
  if (metrics.skipped) {
    report_bad_step(metrics, pending.record);
  }
  last_times_ = metrics.times;
  run_.schedule.step(metrics.times.whole / 1e3, pending.beside_save);
  if (const auto seconds = run_.schedule.take_cost()) {
    metrics.checkpoint_cost_ms = *seconds * 1e3;
  }
  if (const std::string news = run_.schedule.news(); !news.empty()) {
    run_.log.info("{}", news);
  }
  metrics.images_per_second = static_cast<double>(run_.settings.global_batch) * 1e3 / metrics.times.whole;
  if (run_.report) {
    run_.report->step(metrics);
  }
  if (!metrics.validation.empty()) {
    std::string figures;
    for (const auto& [name, value] : metrics.validation) {
      figures += fmt::format("  {} {:.5f}", name, value);
    }
    run_.log.info("step {}{}", metrics.step, figures);
  }
}

void Trainer::report_bad_step(const StepMetrics& metrics, const StepRecord& record) {
  const auto culprit = std::ranges::find_if(metrics.losses, [](const auto& loss) {
    const bool total = loss.first == "loss" || loss.first.ends_with("_loss");
    return !total && !std::isfinite(loss.second);
  });
  run_.log.warning("step {}: {} is not finite; the step is skipped on all ranks ({} in a row, {} allowed)",
                   metrics.step, culprit == metrics.losses.end() ? "the gradient" : culprit->first, bad_steps_,
                   run_.settings.max_bad_steps);
  std::vector<std::string> named;
  for (const MoveRecord& move : record) {
    const at::Tensor finite = at::isfinite(move.images).cpu();
    for (std::size_t i = 0; i < move.samples.size(); ++i) {
      if (!finite[static_cast<std::int64_t>(i)].item<bool>()) {
        named.push_back(fmt::format("{} ({})", move.samples[i], run_.shards->where(move.samples[i])));
      }
    }
  }
  if (!named.empty()) {
    run_.log.from_rank(fmt::format("step {}: not finite for sample {}", metrics.step, fmt::join(named, ", ")));
  }
}

StepTimes Trainer::try_step() {
  step();
  finish_pending_steps();
  return last_times_;
}

}  // namespace samsr
