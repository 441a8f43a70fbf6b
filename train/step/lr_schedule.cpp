#include "train/step/lr_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace samsr {

double learning_rate(const TrainSettings& settings, std::int64_t step) {
  const std::int64_t warmup = settings.milestones.empty() ? 0 : settings.milestones.front();
  if (step <= warmup) {
    return settings.lr * static_cast<double>(step) / static_cast<double>(warmup);
  }
  if (settings.lr_schedule == "cosine") {
    const double span = static_cast<double>(std::max<std::int64_t>(settings.steps - warmup, 1));
    const double part = std::min(static_cast<double>(step - warmup) / span, 1.0);
    return settings.lr_min + 0.5 * (settings.lr - settings.lr_min) * (1 + std::cos(std::numbers::pi * part));
  }
  double rate = settings.lr;
  for (std::size_t i = 1; i < settings.milestones.size(); ++i) {
    rate *= step >= settings.milestones[i] ? 0.5 : 1.0;
  }
  return rate;
}

}  // namespace samsr
