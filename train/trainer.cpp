#include "train/trainer.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <array>
#include <chrono>
#include <cmath>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/lean_memory.h"
#include "core/progress.h"
#include "core/rng.h"
#include "models/load_weights.h"
#include "models/weight_file.h"
#include "train/batch_slice.h"
#include "train/best_checkpoint.h"
#include "train/checkpoint.h"
#include "train/coverage_net_run.h"
#include "train/device.h"
#include "train/kept_rollouts.h"
#include "train/lr_schedule.h"
#include "train/resident_memory.h"
#include "train/step_profiler.h"
#include "train/teacher.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// One string of rank 0 on every rank.
std::string from_rank_zero(Communicator& communicator, const std::string& text) {
  return communicator.gather(communicator.rank() == 0 ? text : std::string()).front();
}

}  // namespace

Trainer::Trainer(const TrainConfig& config, Communicator& communicator, Log& log)
    : config_(config),
      settings_(config.train),
      communicator_(communicator),
      log_(log),
      device_(choose_device(settings_.device, communicator)),
      threads_(set_threads(settings_.threads, communicator)),
      out_(required(settings_.out, "train.out", "the folder of the run")),
      plan_(settings_.global_batch, settings_.microbatch, communicator.rank(), communicator.size()),
      shards_(required(settings_.shards, "train.shards", "the folder that `samsr data build` wrote")),
      watchdog_(communicator, log, static_cast<double>(settings_.timeout)),
      bad_samples_(settings_.shards, config.loader.max_bad) {
  check_shards();
  const std::string newest = [&] {
    if (settings_.resume == "auto") {
      const auto folder = communicator_.rank() == 0 ? newest_checkpoint(out_, log_) : std::nullopt;
      return from_rank_zero(communicator_, folder ? folder->string() : std::string());
    }
    return settings_.resume == "never" ? std::string() : settings_.resume;
  }();
  build_networks();
  optimizer_ = std::make_unique<AdamW>(names_, parameters_, settings_.weight_decay);
  if (newest.empty()) {
    start_weights();
  } else {
    resume(newest);
  }
  exchange_ = std::make_unique<GradientExchange>(communicator_, parameters_);
  train_step_ = std::make_unique<TrainStep>(TrainStep::Parts{*recipe_, *exchange_, *optimizer_, *ema_, plan_, parameters_,
                                                             settings_.checkpoint_activations,
                                                             settings_.precision == "bf16", &timer_, &watchdog_});
  open_data();
  memory_ = estimate_memory();
  const RunRecord record = opening();
  record.print(log_);
  if (!config_.dry_run) {
    prepare_folder();
    if (communicator_.rank() == 0) {
      record.append_to(out_ / "run.yaml");
    }
  }
}

void Trainer::check_shards() const {
  const std::string& place = settings_.shards;
  if (shards_.header().scale != static_cast<std::uint64_t>(config_.model.scale)) {
    throw UserError("{}: shards of scale {}, but data.scale is {}", place, shards_.header().scale, config_.model.scale);
  }
  const ShardField* latent = shards_.find("z_hr");
  const std::int64_t channels = config_.model.first_stage.latent_channels();
  if (latent != nullptr && latent->shape.front() != channels) {
    throw UserError("{}: latents of {} channels, but first_stage.type {} has {}; build the shards with the same first_stage",
                    place, latent->shape.front(), config_.model.first_stage.type, channels);
  }
  if (kept_rollouts()) {
    check_kept_rollouts(shards_, settings_.recipe, config_.model);
  }
}

void Trainer::build_networks() {
  if (settings_.recipe == "coverage_net") {
    build_coverage_net();
  } else {
    build_denoiser();
  }
  for (const auto& parameter : subject_->network().named_parameters()) {
    names_.push_back(parameter.key());
    parameters_.push_back(parameter.value());
  }
}

void Trainer::build_coverage_net() {
  CoverageNetRun run = make_coverage_net_run(config_.coverage_net, settings_, config_.model, shards_, device_,
                                             communicator_, log_);
  subject_ = std::move(run.subject);
  recipe_ = std::move(run.recipe);
  validation_ = std::move(run.validation);
  samples_ = run.samples;
}

void Trainer::build_denoiser() {
  const std::shared_ptr<FirstStage> first_stage = make_first_stage(config_.model.first_stage);
  const std::uint64_t seed = derive_seed(settings_.seed, "weights");
  model_ = std::make_unique<SuperResolutionModel>(config_.model, seed, first_stage);
  average_.model = std::make_unique<SuperResolutionModel>(config_.model, seed, first_stage);
  average_.kind = settings_.recipe == "resshift" ? "teacher" : settings_.recipe == "samsr" ? "sam_student" : "student";
  model_->to(device_);
  average_.model->to(device_);
  if (settings_.checkpoint_activations) {
    model_->unet()->recompute_activations(true);
    return_freed_memory_at_once();
  }
  subject_ = make_denoiser_subject(*model_, average_);
  if (config_.validate_pictures) {
    validation_ = config_.validate_pictures(average_);
  }
  if (settings_.distils() && !kept_rollouts()) {
    teacher_ = load_teacher(settings_, config_.model, device_, log_);
  }
  if (settings_.distils()) {
    semantic_ = make_semantic_loss(config_.semantic, settings_, *model_, device_, config_.count_coverage, log_);
  }
  recipe_ = make_recipe({settings_, config_.distill, *model_, teacher_.get(), seeded_noise(settings_.seed), semantic_.get(),
                         &timer_});
}

void Trainer::start_weights() {
  const bool from_teacher = settings_.init == "auto" && settings_.distils();
  if (from_teacher && teacher_) {
    load_weights(subject_->network(), state_of(*teacher_->unet()), "the teacher " + settings_.teacher_weights);
  } else if (from_teacher) {
    const std::string& teacher = required(settings_.teacher_weights, "train.teacher_weights",
                                          "the student starts from its teacher (train.init)");
    const fs::path weights = find_weights(teacher, log_);
    load_weights(subject_->network(), read_weights(weights), weights.string());
    check_kept_teacher(shards_, state_of(subject_->network()), weights.string());
    log_.info("first weights {}, the teacher whose rollouts the shards hold", weights.string());
  } else if (settings_.init != "auto" && settings_.init != "random") {
    const fs::path weights = find_weights(settings_.init, log_);
    load_weights(subject_->network(), read_weights(weights), weights.string());
    log_.info("first weights {}", weights.string());
  }
  ema_ = std::make_unique<Ema>(parameters_, subject_->average().parameters(), settings_.ema_rate);
}

void Trainer::resume(const fs::path& folder) {
  const Checkpoint checkpoint = load_checkpoint(folder);
  if (checkpoint.dataset_size != samples_.count) {
    throw UserError("{}: was trained on {} samples, but {} has {} to train on; the order of the data would change",
                    folder.string(), checkpoint.dataset_size, settings_.shards, samples_.count);
  }
  if (checkpoint.position != static_cast<std::uint64_t>(checkpoint.step * settings_.global_batch)) {
    throw UserError("{}: was trained with another train.global_batch; {} images in {} steps", folder.string(),
                    checkpoint.position, checkpoint.step);
  }
  load_weights(subject_->network(), checkpoint.student, (folder / "student.safetensors").string());
  ema_ = std::make_unique<Ema>(parameters_, subject_->average().parameters(), settings_.ema_rate);
  load_weights(subject_->average(), checkpoint.ema, (folder / "ema.safetensors").string());
  optimizer_->load_state(checkpoint.optimizer, (folder / "optimizer.safetensors").string());
  step_ = checkpoint.step;
  if (communicator_.rank() == 0) {
    best_ = read_best(out_);
  }
  watchdog_.saved(step_);
  log_.info("resumed from {}: weights, averaged weights, optimizer, step {}, position {} in the data", folder.string(),
            checkpoint.step, checkpoint.position);
  for (const std::string& difference : settings_differences(checkpoint.config, config_.resolved)) {
    log_.info("  changed since: {}", difference);
  }
}

void Trainer::prepare_folder() {
  if (communicator_.rank() == 0) {
    make_folder(out_);
    clean_temporaries(out_);
    if (step_ == 0) {
      const fs::path aside = set_aside_earlier_run(out_);
      if (!aside.empty()) {
        log_.info("the earlier run in {} was moved to {}", out_.string(), aside.string());
      }
    }
    write_file_atomically(out_ / "config.yaml", "# " + config_.command + "\n" + config_.resolved);
    report_ = std::make_unique<RunReport>(settings_, config_.loader, out_, step_, log_);
    pictures_ = make_pictures();
  }
  communicator_.barrier();
}

void Trainer::open_data() {
  BatchFields fields = recipe_->fields();
  const bool encoded_here = fields.latents && shards_.find("z_hr") == nullptr;
  fields.latents = fields.latents && !encoded_here;
  fields.hr = fields.hr || encoded_here;
  fields.pinned = device_.is_cuda();
  loader_ = std::make_unique<Loader>(shards_, config_.loader, settings_.seed, fields, log_, samples_);
  const BatchSequence sequence{static_cast<std::uint64_t>(step_ * settings_.global_batch + plan_.first),
                               static_cast<std::uint64_t>(settings_.global_batch), plan_.count};
  batches_ = std::make_unique<Prefetcher>(*loader_, sequence, config_.loader.loader_threads, config_.loader.prefetch);
}

std::unique_ptr<SamplePictures> Trainer::make_pictures() {
  constexpr std::uint64_t kMost = 4;
  if (!settings_.tensorboard || settings_.log_images == 0 || !model_ || !config_.encode_png) {
    return nullptr;
  }
  const Loader pictured(shards_, config_.loader, settings_.seed, {.latents = false, .hr = true}, log_, samples_);
  return std::make_unique<SamplePictures>(pictured.load(0, static_cast<std::int64_t>(std::min(kMost, samples_.count))),
                                          settings_, *model_, device_, config_.encode_png);
}

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
    log_.warning("the last steps were not finite, so nothing after step {} is saved; the same command goes on from there",
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
  if (validation_ && !config_.dry_run &&
      (step_ % config_.validation.every == 0 || step_ == settings_.steps)) {
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
  for (const auto& [name, value] : figures) {
    // Rank 0 alone has read what earlier runs found.
    const bool better = communicator_.rank() == 0 && name == goal.figure && beats(value, goal, best_);
    if (communicator_.max(better ? 1 : 0) > 0) {
      best_yet_ = best_ = BestCheckpoint{checkpoint_name(step_), name, value};
    }
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
        "the weights have grown beyond all bounds by step {}, so they are not saved; the last checkpoint is whole; lower "
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
