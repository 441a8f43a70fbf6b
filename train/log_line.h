#pragma once

#include <optional>
#include <string>

#include "train/metrics_log.h"

namespace samsr {

/// One line that says whether a step is healthy and what is slow: loss and how many standard deviations it lies above
/// the last ones' mean, gradient norm, learning rate, milliseconds (of waiting for data and for the exchange),
/// images a second, memory.
std::string log_line(const StepMetrics& metrics, std::optional<double> unusual);

}  // namespace samsr
