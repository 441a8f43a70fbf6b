#include "train/step/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace samsr {

double learning_rate(const OptimizerSettings& optimizer, const TrainSettings& schedule, std::int64_t step) {
  if (optimizer.constant_lr) {
    return optimizer.lr;
  }
  const std::int64_t warmup = schedule.milestones.empty() ? 0 : schedule.milestones.front();
  if (step <= warmup) {
    return optimizer.lr * static_cast<double>(step) / static_cast<double>(warmup);
  }
  if (schedule.lr_schedule == "cosine") {
    const double span = static_cast<double>(std::max<std::int64_t>(schedule.steps - warmup, 1));
    const double part = std::min(static_cast<double>(step - warmup) / span, 1.0);
    return optimizer.lr_min + 0.5 * (optimizer.lr - optimizer.lr_min) * (1 + std::cos(std::numbers::pi * part));
  }
  double rate = optimizer.lr;
  for (std::size_t i = 1; i < schedule.milestones.size(); ++i) {
    rate *= step >= schedule.milestones[i] ? 0.5 : 1.0;
  }
  return rate;
}

}  // namespace samsr
