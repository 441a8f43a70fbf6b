#include "train/run/disk.h"

#include <algorithm>

#include "core/output.h"
#include "models/weights/checkpoint_folder.h"

namespace samsr {
namespace {

double megabytes_of_one(const Run& run) {
  double numbers = 0;
  for (const TrainableState& state : run.states) {  // weights, their average and two moments
    numbers += static_cast<double>(state.parameter_count()) * (state.has_average() ? 4 : 3);
  }
  return sizeof(float) * numbers / 1e6;
}

}  // namespace

double megabytes_of_checkpoints(const Run& run) {
  return megabytes_of_one(run) * (run.settings.keep + 1);  // one more lies there while it is saved
}

std::string disk_problem(const Run& run) {
  const std::string what = fmt::format("train.out={}", run.out.string());
  // Those of the run that goes on are on the disk already; an earlier run's are moved aside and stay.
  const auto there = run.step == 0 ? 0 : static_cast<std::int64_t>(checkpoint_folders(run.out).size());
  const auto missing = std::max<std::int64_t>(run.settings.keep + 1 - there, 1);
  const double needed = megabytes_of_one(run) * static_cast<double>(missing);
  const double available = static_cast<double>(free_bytes(run.out, what)) / 1e6;
  if (needed <= available) {
    return {};
  }
  return fmt::format("{}: checkpoints need {:.0f} MB, but {} has {:.0f} MB left; lower train.keep (now {})", what,
                     needed, existing_part(run.out).string(), available, run.settings.keep);
}

}  // namespace samsr
