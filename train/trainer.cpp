#include "train/trainer.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <chrono>
#include <cmath>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/rng.h"
#include "data/shards/content.h"
#include "diffusion/rollout_settings.h"
#include "models/autocast.h"
#include "models/channels_last.h"
#include "models/load_weights.h"
#include "models/weight_file.h"
#include "train/batch_slice.h"
#include "train/checkpoint.h"
#include "train/device.h"
#include "train/kept_rollouts.h"
#include "train/lr_schedule.h"
#include "train/resident_memory.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

const std::string& required(const std::string& value, const char* key, const char* meaning) {
  if (value.empty()) {
    throw UserError("{} is not set: {}; give it as {}=PATH", key, meaning, key);
  }
  return value;
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
  prepare_folder();
  print_opening();
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
  network_ = std::make_unique<SuperResolutionModel>(config_.model, derive_seed(settings_.seed, "weights"));
  network_->to(device_);
  average_ = UNetSwin(config_.model.unet);
  average_->to(device_);
  use_channels_last(*average_);
  for (const auto& parameter : network_->unet()->named_parameters()) {
    names_.push_back(parameter.key());
    parameters_.push_back(parameter.value());
  }
  if (settings_.recipe != "resshift" && !kept_rollouts()) {
    load_teacher();
  }
  recipe_ = make_recipe({settings_, config_.distill, *network_, teacher_.get()});
}

void Trainer::load_teacher() {
  const fs::path weights =
      find_weights(required(settings_.teacher_weights, "train.teacher_weights", "the teacher to distil"), log_);
  teacher_ = load_model(weights, config_.model.first_stage.weights, &config_.model).model;
  teacher_->to(device_);
  const std::string theirs = start_lines(settings_.recipe, teacher_->settings().diffusion, config_.model.sam);
  const std::string ours = start_lines(settings_.recipe, config_.model.diffusion, config_.model.sam);
  if (theirs != ours) {
    throw UserError("{}: the teacher has another schedule than this run: {}", weights.string(),
                    first_difference(theirs, ours));
  }
  log_.info("teacher      {}", weights.string());
}

void Trainer::start_weights() {
  const bool from_teacher = settings_.init == "auto" && settings_.recipe != "resshift";
  if (from_teacher && teacher_) {
    load_weights(*network_->unet(), state_of(*teacher_->unet()), "the teacher " + settings_.teacher_weights);
  } else if (from_teacher) {
    const std::string& teacher = required(settings_.teacher_weights, "train.teacher_weights",
                                          "the student starts from its teacher (train.init)");
    const fs::path weights = find_weights(teacher, log_);
    load_weights(*network_->unet(), read_weights(weights), weights.string());
    check_kept_teacher(shards_, state_of(*network_->unet()), weights.string());
    log_.info("first weights {}, the teacher whose rollouts the shards hold", weights.string());
  } else if (settings_.init != "auto" && settings_.init != "random") {
    const fs::path weights = find_weights(settings_.init, log_);
    load_weights(*network_->unet(), read_weights(weights), weights.string());
    log_.info("first weights {}", weights.string());
  }
  ema_ = std::make_unique<Ema>(parameters_, average_->parameters(), settings_.ema_rate);
}

void Trainer::resume(const fs::path& folder) {
  const Checkpoint checkpoint = load_checkpoint(folder);
  if (checkpoint.dataset_size != shards_.size()) {
    throw UserError("{}: was trained on {} samples, but {} holds {}; the order of the data would change", folder.string(),
                    checkpoint.dataset_size, settings_.shards, shards_.size());
  }
  if (checkpoint.position != static_cast<std::uint64_t>(checkpoint.step * settings_.global_batch)) {
    throw UserError("{}: was trained with another train.global_batch; {} images in {} steps", folder.string(),
                    checkpoint.position, checkpoint.step);
  }
  load_weights(*network_->unet(), checkpoint.student, (folder / "student.safetensors").string());
  ema_ = std::make_unique<Ema>(parameters_, average_->parameters(), settings_.ema_rate);
  load_weights(*average_, checkpoint.ema, (folder / "ema.safetensors").string());
  optimizer_->load_state(checkpoint.optimizer, (folder / "optimizer.safetensors").string());
  step_ = checkpoint.step;
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
    metrics_ = std::make_unique<MetricsLog>(out_ / "metrics.jsonl", step_);
  }
  communicator_.barrier();
}

void Trainer::print_opening() const {
  const auto images = static_cast<double>(settings_.steps * settings_.global_batch);
  std::int64_t weights = 0;
  for (const at::Tensor& parameter : parameters_) {
    weights += parameter.numel();
  }
  log_.info("recipe       {} · {} · {} rank{} × {} thread{} on {}", settings_.recipe, settings_.precision,
            communicator_.size(), communicator_.size() == 1 ? "" : "s", threads_, threads_ == 1 ? "" : "s", device_.str());
  log_.info("network      {:.2f} M parameters; first stage {}", static_cast<double>(weights) / 1e6,
            config_.model.first_stage.type);
  log_.info("batch        {} a rank in {} pass{} × {} rank{} = {} images a step", plan_.count, plan_.passes.size(),
            plan_.passes.size() == 1 ? "" : "es", communicator_.size(), communicator_.size() == 1 ? "" : "s",
            settings_.global_batch);
  if (kept_rollouts()) {
    log_.info("teacher      none in memory: {} rollout{} of each sample are in the shards",
              shards_.find("rollout/x0")->shape[0], shards_.find("rollout/x0")->shape[0] == 1 ? "" : "s");
  }
  log_.info("data         {} samples in {}; {} steps see {:.0f} images, {:.2f} epochs", shards_.size(), settings_.shards,
            settings_.steps, images, images / static_cast<double>(shards_.size()));
  log_.info("run          {}; checkpoint every {} steps, {} kept", out_.string(), settings_.checkpoint_every,
            settings_.keep);
}

void Trainer::run() {
  if (step_ >= settings_.steps) {
    log_.info("nothing to do: {} of {} steps are done", step_, settings_.steps);
    return;
  }
  const bool latents = shards_.find("z_hr") != nullptr;
  loader_ = std::make_unique<Loader>(shards_, config_.loader, settings_.seed, BatchFields{.latents = latents,
                                                 .hr = !latents || recipe_->needs_hr(),
                                                 .rollout = kept_rollouts(),
                                                 .pinned = device_.is_cuda()},
                                     log_);
  const BatchSequence sequence{static_cast<std::uint64_t>(step_ * settings_.global_batch + plan_.first),
                               static_cast<std::uint64_t>(settings_.global_batch), plan_.count};
  batches_ = std::make_unique<Prefetcher>(*loader_, sequence, config_.loader.loader_threads, config_.loader.prefetch);
  Progress progress(log_, "training", settings_.steps, "steps", step_);
  std::int64_t saved = step_;
  bool stop = false;
  while (step_ < settings_.steps && !stop) {
    stop = step();
    progress.set(step_, status_);
    if (stop || step_ == settings_.steps || step_ % settings_.checkpoint_every == 0) {
      save();
      saved = step_;
    }
  }
  progress.finish();
  log_.info("{} at step {}; checkpoint {}", stop && step_ < settings_.steps ? "stopped by a signal" : "done", step_,
            (out_ / fmt::format("step-{:08}", saved)).string());
}

bool Trainer::step() {
  const auto start = Clock::now();
  for (const at::Tensor& parameter : parameters_) {
    if (parameter.grad().defined()) {
      parameter.mutable_grad().zero_();
    }
  }
  const Batch batch = prepared(batches_->next());
  const double waited = milliseconds_since(start);

  std::vector<std::pair<std::string, at::Tensor>> sums;
  std::int64_t from = 0;
  for (std::size_t pass = 0; pass < plan_.passes.size(); ++pass) {
    backward(slice(batch, from, plan_.passes[pass]), pass + 1 == plan_.passes.size(), sums);
    from += plan_.passes[pass];
  }
  const double norm = gradient_norm();

  // One exchange tells every rank the losses, whether any rank was asked to stop, and the longest wait.
  std::vector<double> values;
  for (const auto& [name, sum] : sums) {
    values.push_back(sum.item<double>());
  }
  const std::vector<double> local = values;
  values.push_back(static_cast<double>(batch.bad.size()));
  values.push_back(stop_signal_.received() ? 1 : 0);
  communicator_.sum(values);
  const bool stop = values.back() > 0;
  if (values[values.size() - 2] > 0) {
    bad_samples_.add(batch.bad, communicator_);
  }
  const double longest_wait = communicator_.max(waited);

  StepMetrics metrics;
  bool finite = std::isfinite(norm);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double mean = values[i] / static_cast<double>(settings_.global_batch);
    finite = finite && std::isfinite(mean);
    metrics.losses.emplace_back(sums[i].first, mean);
  }
  metrics.step = step_ + 1;
  metrics.learning_rate = learning_rate(settings_, metrics.step);
  if (finite) {
    optimizer_->step(metrics.learning_rate);
    ema_->update();
    bad_steps_ = 0;
  } else {
    metrics.skipped = true;
    ++bad_steps_;
    report_bad_step(metrics, local, batch);
  }
  ++step_;

  metrics.gradient_norm = norm;
  metrics.step_ms = milliseconds_since(start);
  metrics.images_per_second = static_cast<double>(settings_.global_batch) * 1e3 / metrics.step_ms;
  metrics.data_wait_ms = longest_wait;
  metrics.memory_mb = resident_memory_mb();
  metrics.bad_samples = bad_samples_.count();
  if (metrics_) {
    metrics_->write(metrics);
  }
  status_ = fmt::format("loss {:.5f}  lr {:.2e}  {:.1f} images/s  data wait {:.0f} ms", metrics.losses.front().second,
                        metrics.learning_rate, metrics.images_per_second, longest_wait);
  if (step_ % settings_.log_every == 0) {
    log_.info("step {}  {}  |grad| {:.3f}", step_, status_, norm);
  }
  if (bad_steps_ > settings_.max_bad_steps) {
    throw UserError(
        "{} steps in a row had a loss or gradient that is not finite; the last checkpoint is whole; lower train.lr, or "
        "look at the samples named above",
        bad_steps_);
  }
  return stop;
}

Batch Trainer::prepared(Batch batch) const {
  batch = to_device(std::move(batch), device_);
  if (!batch.z_0.defined()) {
    const torch::NoGradGuard no_grad;
    batch.z_0 = network_->first_stage().encode(batch.hr.to(at::kFloat) / 127.5 - 1);
    batch.z_y = network_->first_stage().encode_lq(batch.lq, config_.model.scale);
  }
  return batch;
}

void Trainer::backward(const Batch& batch, bool last_pass, std::vector<std::pair<std::string, at::Tensor>>& sums) {
  if (last_pass) {
    exchange_->prepare_for_backward();
  }
  RecipeLosses losses;
  {
    const Autocast autocast(device_, settings_.precision == "bf16");
    losses = recipe_->losses(batch);
  }
  (losses.total.sum() * plan_.loss_factor()).backward();
  losses.terms.insert(losses.terms.begin(), {"loss", losses.total});
  for (std::size_t i = 0; i < losses.terms.size(); ++i) {
    const at::Tensor sum = losses.terms[i].second.detach().to(at::kDouble).sum();
    if (i < sums.size()) {
      sums[i].second += sum;
    } else {
      sums.emplace_back(losses.terms[i].first, sum);
    }
  }
}

double Trainer::gradient_norm() const {
  const torch::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : parameters_) {
    gradients.push_back(parameter.grad());
  }
  return at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients))).item<double>();
}

void Trainer::report_bad_step(const StepMetrics& metrics, const std::vector<double>& local, const Batch& batch) {
  std::string culprit = "the gradient";
  for (std::size_t i = 1; i < metrics.losses.size() && culprit == "the gradient"; ++i) {
    if (!std::isfinite(metrics.losses[i].second)) {
      culprit = metrics.losses[i].first;
    }
  }
  log_.warning("step {}: {} is not finite; the step is skipped on all ranks ({} of {} in a row allowed)", metrics.step,
               culprit, bad_steps_, settings_.max_bad_steps);
  for (const double value : local) {
    if (!std::isfinite(value)) {
      log_.from_rank(fmt::format("step {}: the samples were {}", metrics.step, fmt::join(batch.sample, " ")));
      break;
    }
  }
}

void Trainer::save() {
  if (communicator_.rank() == 0) {
    const std::string kind = settings_.recipe == "resshift" ? "teacher"
                             : settings_.recipe == "samsr"  ? "sam_student"
                                                            : "student";
    Checkpoint checkpoint;
    checkpoint.student = model_file(config_.model, kind, state_of(*network_->unet()));
    checkpoint.ema = model_file(config_.model, kind, state_of(*average_));
    checkpoint.optimizer = optimizer_->state();
    checkpoint.step = step_;
    checkpoint.position = static_cast<std::uint64_t>(step_ * settings_.global_batch);
    checkpoint.seed = settings_.seed;
    checkpoint.dataset_size = shards_.size();
    checkpoint.config = config_.resolved;
    save_checkpoint(out_, checkpoint, settings_.keep);
  }
  communicator_.barrier();
}

}  // namespace samsr
