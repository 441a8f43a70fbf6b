#pragma once

#include "data/shards/sample_set.h"
#include "models/first_stage/first_stage.h"

namespace samsr {

/// UserError where the samples hold latents that are not of this first stage, by their channels.
void check_stored_latents(const SampleSet& samples, const FirstStageSettings& first_stage);

}  // namespace samsr
