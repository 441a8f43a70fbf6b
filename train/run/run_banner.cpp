#include "train/run/run_banner.h"

#include <torch/torch.h>

#include <algorithm>
#include <numeric>

#include "core/host.h"
#include "core/memory.h"
#include "models/layers/autocast.h"
#include "train/faults/allocation_meter.h"
#include "train/report/metrics_tail.h"

namespace samsr {
namespace {

std::string plural(std::int64_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

/// "3.80 M parameters", or each trainable's with its name where there are several.
std::string network_sizes(const std::vector<TrainableState>& states) {
  std::string text;
  for (const TrainableState& state : states) {
    text +=
        fmt::format("{}{}{:.2f} M parameters", text.empty() ? "" : ", ", states.size() == 1 ? "" : state.name() + " ",
                    static_cast<double>(state.parameter_count()) / 1e6);
  }
  return text;
}

/// Bytes of what training keeps of each parameter, by what it is; a trainable's gradients are as large as its weights.
struct TrainableBytes {
  double weights = 0;
  double moments = 0;
  double averages = 0;
};

TrainableBytes bytes_of(const std::vector<TrainableState>& states) {
  TrainableBytes bytes;
  for (const TrainableState& state : states) {
    const double weights = static_cast<double>(state.parameter_count()) * sizeof(float);
    bytes.weights += weights;
    bytes.moments += 2 * weights;
    bytes.averages += state.has_average() ? weights : 0;
  }
  return bytes;
}

/// Most bytes that the losses of each of a step's moves allocate for `samples`.
std::vector<double> bytes_of_moves(Run& run, const Batch& samples) {
  std::vector<double> bytes;
  for (const Move& move : run.recipe->moves(1)) {
    const AllocatedBytes allocated = allocated_by([&] {
      const Autocast autocast(run.device, run.settings.precision == "bf16");
      return run.recipe->losses(samples, move).total.sum();
    });
    bytes.push_back(allocated.peak);
  }
  return bytes;
}

/// The same for `images` samples, of the move that allocates most. `samples`: two, or one where `images` is; `first`:
/// the bytes of the first of them when it was computed for the first time.
double activation_bytes(Run& run, const Batch& samples, const std::vector<double>& first, std::int64_t images) {
  if (images == 1) {
    return *std::ranges::max_element(first);
  }
  // The first time a GPU's libraries take workspaces that they keep; they are not the first sample's.
  const std::vector<double> one = run.device.is_cpu() ? first : bytes_of_moves(run, slice(samples, 0, 1));
  const std::vector<double> two = bytes_of_moves(run, samples);
  double most = 0;
  for (std::size_t move = 0; move < first.size(); ++move) {
    const double kept = first[move] - one[move];
    most = std::max(most, kept + extrapolated(one[move], two[move], static_cast<double>(images)));
  }
  return most;
}

/// The last step of the run's log; 0 where there is none.
std::int64_t last_logged_step(const std::filesystem::path& out) {
  MetricsTail log(out / "metrics.jsonl", 1);
  log.update();
  const std::vector<LoggedStep> last = log.last();
  return last.empty() ? 0 : last.back().metrics.step;
}

/// Batches that lie in the device's memory: a GPU has the one of the step, and the host's memory those read ahead.
std::int64_t batches_on_device(const Run& run) { return run.device.is_cpu() ? run.config.loader.prefetch + 1 : 1; }

}  // namespace

RunRecord run_record(const Run& run) {
  const TrainSettings& settings = run.settings;
  const std::int64_t ranks = run.communicator.size();
  const auto samples = static_cast<double>(run.samples.count);
  const double epoch = samples / static_cast<double>(settings.global_batch);
  const double images =
      static_cast<double>(batches_in(*run.recipe, settings.steps)) * static_cast<double>(settings.global_batch);
  RunRecord record;
  record.add("command", run.config.command);
  record.add("program", fmt::format("samsr {}, started {}", run.config.version, time_now()));
  record.add("hosts", hosts_of(run.communicator));
  record.add("hardware", processor_name());
  record.add("recipe",
             fmt::format("{} · {} · {} × {} on {}", settings.recipe, settings.precision, plural(ranks, "rank", "ranks"),
                         plural(run.threads, "thread", "threads"), run.device.str()));
  record.add("network", network_sizes(run.states));
  for (const auto& [name, text] : run.recipe->facts()) {
    record.add(name, text);
  }
  record.add("batch", fmt::format("{} a rank in {} × {} = {} images a step", run.plan.count,
                                  plural(static_cast<std::int64_t>(run.plan.passes.size()), "pass", "passes"),
                                  plural(ranks, "rank", "ranks"), settings.global_batch));
  for (const auto& [name, text] : run.shards->facts(run.recipe->fields(), run.samples.count)) {
    record.add(name, text);
  }
  record.add("epochs", fmt::format("{:.1f} steps an epoch; {} steps see {:.0f} images, {:.2f} epochs", epoch,
                                   settings.steps, images, images / samples));
  const auto usable = usable_memory_mb(run.device, run.chosen.ranks);
  record.add("memory",
             run.memory.text() + (usable ? fmt::format("; {:.0f} MB can be had here", *usable) : std::string()));
  const std::int64_t logged = run.communicator.rank() == 0 ? last_logged_step(run.out) : 0;
  if (run.step > 0 && logged >= run.step) {
    record.add(kGoesOn, fmt::format("from step {}; the start before came to step {}, steps done again: {}", run.step,
                                    logged, logged - run.step));
  }
  record.add("run", fmt::format("{} from step {}; checkpoint {}, {} kept", run.out.string(), run.step,
                                run.schedule.text(), settings.keep));
  return record;
}

MemoryEstimate estimate_memory(Run& run) {
  const std::int64_t images = *std::ranges::max_element(run.plan.passes);
  Batch samples = run.loader->load(0, std::min<std::int64_t>(images, 2));
  run.recipe->prepare(samples);
  samples = to_device(std::move(samples), run.device);
  run.recipe->complete(samples);
  const double sample_bytes = bytes_of(samples) / static_cast<double>(samples.sample.size());
  // As in step 1: what is only looked at now and then, such as the count of semantic.loss amg, falls on step 0.
  std::iota(samples.position.begin(), samples.position.end(), static_cast<std::uint64_t>(run.settings.global_batch));
  run.recipe->skip_frozen_work(samples);
  const std::vector<double> first = bytes_of_moves(run, slice(samples, 0, 1));
  const TrainableBytes trained = bytes_of(run.states);
  const auto frozen = run.recipe->frozen_bytes();
  // Of the program itself the pass has loaded what a step needs. Weights, moments and averages are there already.
  double present = trained.weights + trained.moments + trained.averages;
  for (const auto& [name, bytes] : frozen) {
    present += bytes;
  }
  const double program = run.device.is_cpu() ? std::max(0.0, resident_memory_mb() * 1e6 - present) : 0;

  MemoryEstimate estimate;
  estimate.add("program", program);
  estimate.add("weights", trained.weights);
  estimate.add("gradients", trained.weights);
  estimate.add("moments", trained.moments);
  estimate.add("averaged weights", trained.averages);
  for (const auto& [name, bytes] : frozen) {
    estimate.add(name, bytes);
  }
  if (run.settings.checkpoint_behind) {
    // Rank 0's alone, shared out because the ranks of a host are counted as one alike.
    estimate.add("copy for a checkpoint",
                 (trained.weights + trained.moments + trained.averages) / static_cast<double>(run.chosen.ranks));
  }
  estimate.add("batches", sample_bytes * static_cast<double>(run.plan.count * batches_on_device(run)));
  estimate.add("activations", activation_bytes(run, samples, first, images));
  return estimate;
}

}  // namespace samsr
