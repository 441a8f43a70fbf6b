// What a run begins with: its opening table, and the memory that it will need.

#include <torch/torch.h>

#include <algorithm>

#include "core/host.h"
#include "core/memory.h"
#include "models/layers/autocast.h"
#include "train/faults/allocation_meter.h"
#include "train/report/run_record.h"
#include "train/trainer.h"

namespace samsr {
namespace {

double bytes_of(const std::vector<at::Tensor>& tensors) {
  double bytes = 0;
  for (const at::Tensor& tensor : tensors) {
    bytes += static_cast<double>(tensor.nbytes());
  }
  return bytes;
}

std::string plural(std::int64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

std::int64_t Trainer::parameter_count() const {
  std::int64_t count = 0;
  for (const at::Tensor& parameter : parameters_) {
    count += parameter.numel();
  }
  return count;
}

RunRecord Trainer::opening() const {
  const std::int64_t ranks = communicator_.size();
  const double samples = static_cast<double>(samples_.count);
  const double images = static_cast<double>(settings_.steps * settings_.global_batch);
  RunRecord record;
  record.add("command", config_.command);
  record.add("program", fmt::format("samsr {}, started {}", config_.version, time_now()));
  record.add("hosts", hosts_of(communicator_));
  record.add("hardware", processor_name());
  record.add("recipe",
             fmt::format("{} · {} · {} × {} on {}", settings_.recipe, settings_.precision,
                         plural(ranks, "rank", "ranks"), plural(threads_, "thread", "threads"), device_.str()));
  record.add("network", fmt::format("{:.2f} M parameters; first stage {}", static_cast<double>(parameter_count()) / 1e6,
                                    config_.model.first_stage.type));
  if (kept_rollouts()) {
    record.add("teacher", fmt::format("none in memory: {} of each sample in the shards",
                                      plural(shards_.find("rollout/x0")->shape[0], "rollout", "rollouts")));
  } else if (teacher_) {
    record.add("teacher", settings_.teacher_weights);
  }
  record.add("batch", fmt::format("{} a rank in {} × {} = {} images a step", plan_.count,
                                  plural(static_cast<std::int64_t>(plan_.passes.size()), "pass", "passes"),
                                  plural(ranks, "rank", "ranks"), settings_.global_batch));
  record.add("data", fmt::format("{} samples in {}, fingerprint {}", samples_.count, settings_.shards,
                                 data_fingerprint(settings_.shards)));
  record.add("epochs", fmt::format("{:.1f} steps an epoch; {} steps see {:.0f} images, {:.2f} epochs",
                                   samples / static_cast<double>(settings_.global_batch), settings_.steps, images,
                                   images / samples));
  const auto usable = usable_memory_mb(device_, communicator_.local_size());
  record.add("memory", memory_.text() + (usable ? fmt::format("; {:.0f} MB can be had here", *usable) : std::string()));
  record.add("run", fmt::format("{} from step {}; checkpoint every {} steps, {} kept", out_.string(), step_,
                                settings_.checkpoint_every, settings_.keep));
  return record;
}

MemoryEstimate Trainer::estimate_memory() {
  const double first_stage = model_ ? static_cast<double>(model_->first_stage().weight_bytes()) : 0;
  const double teacher = teacher_ ? bytes_of(teacher_->unet()->parameters()) : 0;
  const double weights = bytes_of(parameters_);
  Batch sample = prepared(loader_->load(0, 1));
  double sample_bytes = 0;
  for (const at::Tensor& each : {sample.lq, sample.z_0, sample.z_y, sample.coverage, sample.hr, sample.coverage_hr}) {
    sample_bytes += each.defined() ? static_cast<double>(each.nbytes()) : 0;
  }
  // As in step 1: what is only looked at now and then, such as the count of semantic.loss amg, falls on step 0.
  sample.position = {static_cast<std::uint64_t>(settings_.global_batch)};
  if (teacher_) {
    // The teacher's rollout keeps nothing for the backward pass, so the count does without its steps.
    sample.x0 = sample.z_0.clone();
    sample.noise_seed = {0};
  }
  const AllocatedBytes one = allocated_by([&] {
    const Autocast autocast(device_, settings_.precision == "bf16");
    return recipe_->losses(sample).total.sum();
  });
  // Of the program itself the pass has loaded what a step needs. Weights, moments and averages are there already.
  const double present = 4 * weights + teacher + first_stage;
  const double program = device_.is_cpu() ? std::max(0.0, resident_memory_mb() * 1e6 - present) : 0;
  const auto images = static_cast<double>(*std::max_element(plan_.passes.begin(), plan_.passes.end()));

  MemoryEstimate estimate;
  estimate.add("program", program);
  estimate.add("weights", weights);
  estimate.add("gradients", weights);
  estimate.add("moments", 2 * weights);
  estimate.add("averaged weights", weights);
  estimate.add("teacher", teacher);
  estimate.add("first stage", first_stage);
  estimate.add("batches", sample_bytes * static_cast<double>(plan_.count * (config_.loader.prefetch + 1)));
  estimate.add("activations", one.peak * images);
  return estimate;
}

std::string Trainer::memory_problem() const {
  const int ranks = device_.is_cpu() ? communicator_.local_size() : 1;
  const auto usable = usable_memory_mb(device_, ranks);
  const double needed = memory_.total_mb() * ranks;
  if (!usable || needed <= *usable) {
    return {};
  }
  return fmt::format(
      "memory: {:.0f} MB are needed here, but {:.0f} MB can be had; lower train.microbatch (now {}), turn "
      "train.checkpoint_activations on, or run fewer ranks a host ({})",
      needed, *usable, settings_.microbatch, memory_.text());
}

}  // namespace samsr
