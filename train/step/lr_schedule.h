#pragma once

#include <cstdint>

#include "train/settings.h"

namespace samsr {

/// Learning rate of `optimizer` in `step` (1 for the first), by the run's schedule: up to the first milestone it rises
/// linearly; then it is halved at each further milestone (the released trainers' rule), or follows a cosine down to
/// lr_min at the last step.
double learning_rate(const OptimizerSettings& optimizer, const TrainSettings& schedule, std::int64_t step);

}  // namespace samsr
