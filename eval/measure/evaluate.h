#pragma once

#include <cstdint>
#include <vector>

#include "comm/communicator.h"
#include "core/log.h"
#include "eval/measure/comparison.h"
#include "eval/measure/results.h"
#include "eval/metrics/metric.h"

namespace samsr {

/// Scores every method of `comparison` on every image; the ranks share the images, and every rank returns the same
/// results, whatever their number. `reference_size`: side that every reference must have, in pixels; 0 for any.
/// Input problems: an image that cannot be read, or of another size than its reference - without one, than `scale`
/// times its low-resolution image; it then has no value. A metric that an image is too small for is said in a line.
/// Metrics of whole sets (SetMetric) are measured by SetScorer, of the images that are none of these.
Results evaluate(const Comparison& comparison, const std::vector<const Metric*>& metrics, std::int64_t reference_size,
                 Communicator& communicator, Log& log, InputProblems& problems);

}  // namespace samsr
