// From settings to a trainer that is ready for its next step: networks, first weights or those of a checkpoint, the
// run's folder, data.

#include "comm/device.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/memory.h"
#include "core/rng.h"
#include "models/weights/load_weights.h"
#include "models/weights/weight_file.h"
#include "train/checkpoints/checkpoint.h"
#include "train/recipes/cached_rollouts.h"
#include "train/recipes/coverage_net_run.h"
#include "train/recipes/teacher.h"
#include "train/trainer.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

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
      device_(choose_device(config.run, communicator)),
      threads_(set_threads(config.run, communicator)),
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
  train_step_ = std::make_unique<TrainStep>(TrainStep::Parts{*recipe_, *exchange_, *optimizer_, *ema_, plan_,
                                                             parameters_, settings_.checkpoint_activations,
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
    throw UserError(
        "{}: latents of {} channels, but first_stage.type {} has {}; build the shards with the same first_stage", place,
        latent->shape.front(), config_.model.first_stage.type, channels);
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
  CoverageNetRun run =
      make_coverage_net_run(config_.coverage_net, settings_, config_.model, shards_, device_, communicator_, log_);
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
  recipe_ = make_recipe(
      {settings_, config_.distill, *model_, teacher_.get(), seeded_noise(settings_.seed), semantic_.get(), &timer_});
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

void Trainer::resume(const std::filesystem::path& folder) {
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

}  // namespace samsr
