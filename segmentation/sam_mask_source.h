#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "segmentation/mask_source.h"

namespace samsr {

/// Masks by Segment Anything's automatic generation with the weights settings.weights, which are read once. In
/// bf16 the network computes so where that is fast; UserError on a processor without it.
std::unique_ptr<MaskSource> make_sam_mask_source(const MaskSettings& settings, c10::Device device);

}  // namespace samsr
