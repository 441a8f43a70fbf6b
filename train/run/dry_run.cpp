// samsr train --dry-run: everything a run needs, tried before one queues for GPUs.

#include <sys/statvfs.h>
#include <torch/torch.h>
#include <unistd.h>

#include <chrono>

#include "core/error.h"
#include "core/progress.h"
#include "train/trainer.h"

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

}  // namespace

void Trainer::dry_run() {
  if (const std::string problem = memory_problem(); !problem.empty()) {
    throw UserError(problem);
  }
  check_disk();
  try_exchange();
  try_step();
  log_.info("dry run      passed; nothing was written: the same command without --dry-run starts the run");
}

void Trainer::check_disk() const {
  const fs::path place = existing_part(out_);
  if (!fs::is_directory(place) || ::access(place.c_str(), W_OK) != 0) {
    throw UserError("train.out={}: {} cannot be written", out_.string(), place.string());
  }
  // A checkpoint is weights, their average and two moments; one more than `keep` lies there while it is saved.
  const double needed = 16 * static_cast<double>(parameter_count()) * (settings_.keep + 1) / 1e6;
  struct statvfs disk {};
  if (::statvfs(place.c_str(), &disk) != 0) {
    throw UserError("train.out={}: the free space of {} cannot be read", out_.string(), place.string());
  }
  const double available = static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) / 1e6;
  if (needed > available) {
    throw UserError("train.out={}: checkpoints need {:.0f} MB, but {} has {:.0f} MB left; lower train.keep (now {})",
                    out_.string(), needed, place.string(), available, settings_.keep);
  }
  log_.info("disk         {:.0f} MB of checkpoints, {:.0f} MB free in {}", needed, available, place.string());
}

void Trainer::try_exchange() {
  const int ranks = communicator_.size();
  if (ranks == 1) {
    log_.info("exchange     one rank: none");
    return;
  }
  at::Tensor gradients = at::ones({parameter_count()}, parameters_.front().options().requires_grad(false));
  const auto exchange = [&] {
    exchange_->sum(gradients);
    gradients[0].item<float>();  // waits for a GPU
  };
  exchange();  // the first one makes the connections
  const double sum = gradients[0].item<float>();
  if (sum != ranks) {
    throw std::runtime_error(fmt::format("an all-reduce of ones over {} ranks gave {}", ranks, sum));
  }
  const double ms = communicator_.max(milliseconds_of(exchange));
  const double megabytes = static_cast<double>(gradients.nbytes()) / 1e6;
  // Each rank sends 2 (n - 1) / n of the data at the least, and receives as much.
  const double rate = 2.0 * (ranks - 1) / ranks * megabytes / ms;
  log_.info("exchange     all-reduce of {:.1f} MB of gradients over {} ranks: {:.1f} ms, {:.2f} GB/s a rank", megabytes,
            ranks, ms, rate);
}

void Trainer::try_step() {
  step();  // the first one makes what later ones find made
  finish_pending_steps();
  step();
  finish_pending_steps();
  std::string phases;
  for (std::size_t phase = 0; phase < kStepPhaseNames.size(); ++phase) {
    phases += fmt::format("{}{} {:.0f}", phases.empty() ? "" : ", ", kStepPhaseNames[phase], last_times_.ms[phase]);
  }
  log_.info("step         {:.0f} ms: {}", last_times_.whole, phases);
  log_.info("whole run    about {} for {} steps like this one",
            format_duration(last_times_.whole * static_cast<double>(settings_.steps) / 1e3), settings_.steps);
}

}  // namespace samsr
