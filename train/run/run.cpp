#include "train/run/run.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <chrono>
#include <set>
#include <utility>

#include "comm/rank_threads.h"
#include "comm/shared_files.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/kernels.h"
#include "core/output.h"
#include "core/yaml_text.h"
#include "models/weights/load_weights.h"
#include "train/checkpoints/same_training.h"
#include "train/run/open_samples.h"
#include "train/run/run_banner.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

/// One string of rank 0 on every rank.
std::string from_rank_zero(Communicator& communicator, const std::string& text) {
  return communicator.gather(communicator.rank() == 0 ? text : std::string()).front();
}

/// UserError unless the shards are of the scale of the settings, alone or, for a flow map, among others.
void check_scale(const SampleSet& shards, std::int64_t scale, bool flow_map) {
  const std::vector<std::uint64_t> scales = shards.scales();
  if (std::ranges::find(scales, static_cast<std::uint64_t>(scale)) == scales.end()) {
    throw UserError("{}: shards of scale {}, but data.scale is {}", shards.source(), fmt::join(scales, ", "), scale);
  }
  if (scales.size() > 1 && !flow_map) {
    throw UserError("{}: shards of the scales {}, of which a flow map alone learns several (train.recipe=flowmap)",
                    shards.source(), fmt::join(scales, ", "));
  }
}

/// The device of a run, prepared for its arithmetic. Collective.
DeviceChoice device_for(const TrainConfig& config, Communicator& communicator) {
  if (config.train.kernels == "plain") {
    leave_own_kernels();
  }
  const bool shares = config.train.exchange == "host";
  const DeviceChoice chosen =
      choose_device(config.run, communicator, shares ? GpuSharing::kAllowed : GpuSharing::kRefused);
  prepare_device(chosen.device,
                 {.tf32 = config.train.precision == "tf32", .deterministic = config.train.deterministic});
  return chosen;
}

}  // namespace

Run::Run(const TrainConfig& run_config, std::span<const RecipeEntry> table, Communicator& ranks, Log& run_log)
    : config(run_config),
      settings(config.train),
      communicator(ranks),
      log(run_log),
      chosen(device_for(config, communicator)),
      device(chosen.device),
      threads(set_threads(config.run, communicator)),
      out(required(settings.out, "train.out", "the folder of the run")),
      plan(settings.global_batch, settings.microbatch, communicator.rank(), communicator.size()),
      shards(open_shards(config, communicator, log)),
      watchdog(communicator, log, static_cast<double>(settings.timeout)),
      bad_samples(settings.shards, config.loader.max_bad),
      schedule(settings, std::set(watchdog.hosts().begin(), watchdog.hosts().end()).size()),
      writer(out, settings.keep) {
  config.validation.check();
  if (shards) {
    check_scale(*shards, config.model.scale, config.model.unet.flow_map);
  }
  check_writable(out, fmt::format("train.out={}", out.string()));
  check_run_folder(out);
  if (config.dry_run) {
    check_not_held(out, communicator);
  } else {
    held = hold_folder(out, "train", communicator, log);
  }
  if (!shards) {
    shards = open_photographs(config, communicator, log);
  }
  const std::string checkpoint = chosen_checkpoint();
  recipe = make_recipe(table, context());
  states = make_states(*recipe, settings.ema_rate);
  validation = recipe->make_validation(context());
  samples = recipe->samples(*shards);
  data = shards->checksums(recipe->fields());
  recipe->load_frozen_weights(log);
  if (checkpoint.empty()) {
    recipe->load_first_weights(log);
    for (TrainableState& state : states) {
      state.start_average();
    }
  } else {
    resume(checkpoint);
  }
  for (TrainableState& state : states) {
    state.connect(communicator, {.over = settings.exchange});
  }
  open_data();
  memory = estimate_memory(*this);
  const RunRecord record = run_record(*this);
  record.print(log);
  if (!config.dry_run) {
    prepare_folder(record);
  }
}

std::string Run::chosen_checkpoint() {
  if (settings.resume == "auto") {
    const auto folder = communicator.rank() == 0 ? newest_checkpoint(out, log) : std::nullopt;
    return from_rank_zero(communicator, folder ? folder->string() : std::string());
  }
  return settings.resume == "never" ? std::string() : settings.resume;
}

void Run::resume(const fs::path& folder) {
  await_shared_files({folder}, communicator, log);
  const Checkpoint checkpoint = load_checkpoint(folder);
  if (checkpoint.dataset_size != samples.count) {
    throw UserError("{}: was trained on {} samples, but {} has {} to train on; the order of the data would change",
                    folder.string(), checkpoint.dataset_size, shards->source(), samples.count);
  }
  check_same_training(checkpoint, folder.string());
  const std::uint64_t batches_done = batches_in(*recipe, checkpoint.step);
  if (checkpoint.position != batches_done * static_cast<std::uint64_t>(settings.global_batch)) {
    throw UserError("{}: was trained with another train.global_batch; {} images in {} steps", folder.string(),
                    checkpoint.position, checkpoint.step);
  }
  for (TrainableState& state : states) {
    state.load(checkpoint, folder.string());
  }
  newest = folder;
  step = checkpoint.step;
  position = checkpoint.position;
  if (communicator.rank() == 0) {
    best = read_best(out);
  }
  watchdog.saved(step);
  log.info("resumed from {}: weights, averaged weights, optimizer, step {}, position {} in the data", folder.string(),
           checkpoint.step, checkpoint.position);
  for (const std::string& difference : settings_differences(checkpoint.config, folder.string(), config.resolved)) {
    log.info("  changed since: {}", difference);
  }
}

void Run::check_same_training(const Checkpoint& checkpoint, const std::string& folder) const {
  const std::string what =
      fmt::format("{}", fmt::join(other_training(checkpoint, settings.seed, data, config.resolved), "; "));
  if (!what.empty() && settings.resume == "auto") {
    throw UserError(
        "{}: is of another training ({}); give what it was trained with, or train.resume={} to go on all the same, or "
        "train.resume=never to begin anew",
        folder, what, folder);
  }
  if (!what.empty()) {
    log.warning("{}: is of another training ({}), and goes on all the same, as train.resume says", folder, what);
  }
  if (checkpoint.data.empty()) {
    log.info("{}: does not say which data it was trained on, as those of earlier versions; they are not compared",
             folder);
  }
}

void Run::open_data() {
  BatchFields fields = recipe->fields();
  fields.pinned = device.is_cuda();
  loader = shards->batches(config.loader, settings.seed, fields, log, samples);
  const BatchSequence sequence{position + static_cast<std::uint64_t>(plan.first),
                               static_cast<std::uint64_t>(settings.global_batch), plan.count};
  const auto finish = [this](Batch& batch) {
    recipe->prepare(batch);
    for (at::Tensor* added : {&batch.noise, &batch.hr_sharp}) {
      if (device.is_cuda() && added->defined()) {
        *added = added->pin_memory();  // as the rest of the batch
      }
    }
  };
  batches =
      std::make_unique<Prefetcher>(*loader, sequence, config.loader.loader_threads, config.loader.prefetch, finish);
}

void Run::prepare_folder(const RunRecord& record) {
  if (communicator.rank() == 0) {
    clean_temporaries(out);
    if (step == 0) {
      const fs::path aside = set_aside_earlier_run(out);
      if (!aside.empty()) {
        log.info("the earlier run in {} was moved to {}", out.string(), aside.string());
      }
    }
    record.append_to(out / "run.yaml");  // first: it says that the others are a run's
    write_file_atomically(out / "config.yaml", yaml_comment(config.command) + config.resolved);
    report = std::make_unique<RunReport>(settings, config.distill.discriminator, config.loader, out, step, log);
    if (settings.tensorboard && settings.log_images > 0) {
      BatchFields fields = SamplePictures::fields();
      fields.coverage = recipe->fields().coverage;
      const auto pictured = shards->batches(config.loader, settings.seed, fields, log, samples);
      pictures = std::make_unique<SamplePictures>(*pictured, *recipe, settings.precision == "bf16", device);
    }
  }
  communicator.barrier();
}

Batch Run::next_batch(double& waited_ms, std::vector<std::uint64_t>& bad) {
  const auto start = std::chrono::steady_clock::now();
  watchdog.at(Phase::kData);
  Batch batch = [&] {
    const StepTimer::Span span(&timer, StepPhase::kDataWait);
    return batches->next();
  }();
  waited_ms += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  bad.insert(bad.end(), batch.bad.begin(), batch.bad.end());
  position += static_cast<std::uint64_t>(settings.global_batch);
  const StepTimer::Span span(&timer, StepPhase::kForward);
  batch = to_device(std::move(batch), device);
  recipe->complete(batch);
  return batch;
}

std::int64_t Run::parameter_count() const {
  std::int64_t count = 0;
  for (const TrainableState& state : states) {
    count += state.parameter_count();
  }
  return count;
}

std::string Run::memory_problem() const {
  const auto usable = usable_memory_mb(device, chosen.ranks);
  const double needed = memory.total_mb() * chosen.ranks;
  if (!usable || needed <= *usable) {
    return {};
  }
  return fmt::format(
      "memory: {:.0f} MB are needed here, but {:.0f} MB can be had; lower train.microbatch (now {}), turn "
      "train.checkpoint_activations on, or run fewer ranks a host ({})",
      needed, *usable, settings.microbatch, memory.text());
}

std::string Run::newest_named() const {
  return newest.empty() ? "there is no checkpoint" : "the newest checkpoint is " + newest.string();
}

void Run::check_weights() const {
  const torch::NoGradGuard no_grad;
  for (const TrainableState& state : states) {
    if (!at::isfinite(at::stack(at::_foreach_norm(state.parameters()))).all().item<bool>()) {
      throw UserError("the weights have grown beyond all bounds by step {}, so they are not saved; {}; lower train.lr",
                      step, newest_named());
    }
  }
}

Checkpoint Run::checkpoint() const {
  Checkpoint checkpoint;
  for (const TrainableState& state : states) {
    state.save(checkpoint);
  }
  checkpoint.step = step;
  checkpoint.position = position;
  checkpoint.seed = settings.seed;
  checkpoint.dataset_size = samples.count;
  checkpoint.data = data;
  checkpoint.config = config.resolved;
  return checkpoint;
}

void Run::save() {
  finish_save();
  watchdog.at(Phase::kSave);
  check_weights();
  check_hold(held.get(), communicator);
  unfinished_ = true;
  saving_ = Saving{step, std::exchange(best_yet, std::nullopt)};
  if (saving_->best) {
    saving_->best->checkpoint = checkpoint_name(step);
  }
  if (communicator.rank() == 0 && !settings.checkpoint_behind) {
    writer.write(checkpoint(), saving_->best);
  } else if (communicator.rank() == 0) {
    Checkpoint made = checkpoint();
    // On a GPU the order of the work is its stream's, which another thread would not know.
    for (auto& [part, file] : made.parts) {
      file = device.is_cpu() ? std::move(file) : copy_of(file);
    }
    writer.begin(std::move(made), saving_->best,
                 device.is_cpu() ? CheckpointWriter::Tensors::kTrained : CheckpointWriter::Tensors::kCopied,
                 [this, now = step] { watchdog.saved(now); });
  }
  if (!settings.checkpoint_behind) {
    finish_save();
  }
}

void Run::finish_save() {
  if (!std::exchange(unfinished_, false)) {
    return;
  }
  watchdog.at(Phase::kSave);
  writer.finish();
  communicator.barrier();
  if (saving_) {
    saved();
  }
}

void Run::look_at_save() {
  if (saving_ && communicator.rank() == 0 && writer.ended()) {
    writer.finish();
    saved();
  }
}

void Run::saved() {
  newest = out / checkpoint_name(saving_->step);
  watchdog.saved(saving_->step);
  if (report) {
    report->saved(saving_->step);
  }
  if (saving_->best && communicator.rank() == 0) {
    log.info("best so far: {}, {} {:.5f}", saving_->best->checkpoint, saving_->best->figure, saving_->best->value);
  }
  saving_.reset();
}

}  // namespace samsr
