#include "train/run/dry_run.h"

#include <sys/statvfs.h>
#include <torch/torch.h>
#include <unistd.h>

#include <chrono>

#include "core/error.h"
#include "core/progress.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

double milliseconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// The folder, or the nearest one above it that exists.
fs::path existing_part(fs::path folder) {
  folder = fs::absolute(folder);
  while (!fs::exists(folder)) {
    folder = folder.parent_path();
  }
  return folder;
}

void check_disk(const Run& run) {
  const fs::path place = existing_part(run.out);
  if (!fs::is_directory(place) || ::access(place.c_str(), W_OK) != 0) {
    throw UserError("train.out={}: {} cannot be written", run.out.string(), place.string());
  }
  // A checkpoint holds weights, their average and two moments; one more than `keep` lies there while it is saved.
  double numbers = 0;
  for (const TrainableState& state : run.states) {
    numbers += static_cast<double>(state.parameter_count()) * (state.has_average() ? 4 : 3);
  }
  const double needed = sizeof(float) * numbers * (run.settings.keep + 1) / 1e6;
  struct statvfs disk {};
  if (::statvfs(place.c_str(), &disk) != 0) {
    throw UserError("train.out={}: the free space of {} cannot be read", run.out.string(), place.string());
  }
  const double available = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) / 1e6;
  if (needed > available) {
    throw UserError("train.out={}: checkpoints need {:.0f} MB, but {} has {:.0f} MB left; lower train.keep (now {})",
                    run.out.string(), needed, place.string(), available, run.settings.keep);
  }
  run.log.info("disk         {:.0f} MB of checkpoints, {:.0f} MB free in {}", needed, available, place.string());
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
  try_step(run, trainer);
  run.log.info("dry run      passed; nothing was written: the same command without --dry-run starts the run");
}

}  // namespace samsr
