#include "train/run/dry_run.h"

#include <torch/torch.h>

#include <chrono>

#include "core/error.h"
#include "core/output.h"
#include "core/progress.h"
#include "train/run/disk.h"

namespace samsr {
namespace {

double milliseconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void check_disk(const Run& run) {
  if (const std::string problem = disk_problem(run); !problem.empty()) {
    throw UserError(problem);
  }
  run.log.info("disk         {:.0f} MB of checkpoints, {:.0f} MB free in {}", megabytes_of_checkpoints(run),
               static_cast<double>(free_bytes(run.out, "train.out")) / 1e6, existing_part(run.out).string());
}

void try_exchange(Run& run) {
  const int ranks = run.communicator.size();
  if (ranks == 1) {
    run.log.info("exchange     one rank: none");
    return;
  }
  at::Tensor gradients = at::ones({run.parameter_count()}, at::TensorOptions(run.device));
  const auto exchange = [&] {
    run.states.front().exchange().sum(gradients);
    gradients[0].item<float>();  // waits for a GPU
  };
  exchange();  // the first one makes the connections
  const double sum = gradients[0].item<float>();
  if (sum != ranks) {
    throw std::runtime_error(fmt::format("an all-reduce of ones over {} ranks gave {}", ranks, sum));
  }
  const double ms = run.communicator.max(milliseconds_of(exchange));
  const double megabytes = static_cast<double>(gradients.nbytes()) / 1e6;
  // Each rank sends 2 (n - 1) / n of the data at the least, and receives as much.
  const double rate = 2.0 * (ranks - 1) / ranks * megabytes / ms;
  run.log.info("exchange     all-reduce of {:.1f} MB of gradients over {} ranks: {:.1f} ms, {:.2f} GB/s a rank",
               megabytes, ranks, ms, rate);
}

void try_step(Run& run, Trainer& trainer) {
  trainer.try_step();  // the first one makes what later ones find made
  const StepTimes times = trainer.try_step();
  if (trainer.bad_steps() > 1) {
    throw UserError(
        "no step has a finite loss and gradient; lower train.lr, or look at the weights that the run begins with and "
        "the samples named above");
  }
  std::string phases;
  for (std::size_t phase = 0; phase < kStepPhaseNames.size(); ++phase) {
    phases += fmt::format("{}{} {:.0f}", phases.empty() ? "" : ", ", kStepPhaseNames[phase], times.ms[phase]);
  }
  run.log.info("step         {:.0f} ms: {}", times.whole, phases);
  run.log.info("whole run    about {} for {} steps like this one",
               format_duration(times.whole * static_cast<double>(run.settings.steps) / 1e3), run.settings.steps);
}

}  // namespace

void dry_run(Run& run, Trainer& trainer) {
  if (const std::string problem = run.memory_problem(); !problem.empty()) {
    throw UserError(problem);
  }
  check_disk(run);
  try_exchange(run);
  const std::int64_t done = run.step;
  try_step(run, trainer);
  const std::int64_t steps = run.settings.steps;
  run.log.info("dry run      passed; nothing was written{}: the same command without --dry-run {}",
               run.config.loader.online() && run.settings.shards.empty() ? " but the photographs' index" : "",
               done >= steps ? fmt::format("has nothing to do: {} of {} steps are done", done, steps)
               : done > 0    ? fmt::format("goes on after step {} of {}", done, steps)
                             : "starts the run");
}

}  // namespace samsr
