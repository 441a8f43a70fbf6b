#pragma once

#include "data/shards/sample_set.h"
#include "diffusion/settings.h"
#include "segmentation/settings.h"

namespace samsr {

/// UserError where the masks of the shards' coverage are those of latents and the run's are not (masks.picture,
/// samsr.variant), or the other way round.
void check_stored_coverage(const SampleSet& shards, const MaskSettings& masks, const SamSettings& sam);

}  // namespace samsr
