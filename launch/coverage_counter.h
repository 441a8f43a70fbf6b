#pragma once

#include <c10/core/Device.h>

#include <cstdint>

#include "segmentation/settings.h"
#include "train/losses/coverage_counter.h"

namespace samsr {

/// Counts the masks of `settings`, pooled over scale × scale pixels as the build does; a network computes on `device`.
/// UserError when the source's weights are missing or do not fit.
CoverageCounter make_coverage_counter(const MaskSettings& settings, std::int64_t scale, c10::Device device);

}  // namespace samsr
