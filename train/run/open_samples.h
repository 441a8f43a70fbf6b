#pragma once

#include <memory>

#include "train/recipes/recipe_context.h"

namespace samsr {

/// The samples that train.shards names: as stored, or with data.degrade=online their HR images, degraded while
/// training. Null where photographs are degraded (data.images, without train.shards). UserError when neither, or both,
/// are named, or the shards do not serve. Collective.
std::unique_ptr<const SampleSet> open_shards(const TrainConfig& config, Communicator& communicator, Log& log);

/// The photographs data.images, cropped and degraded while training. They are looked through, and their index lies in
/// train.out. UserError when none can be used. Collective.
std::unique_ptr<const SampleSet> open_photographs(const TrainConfig& config, Communicator& communicator, Log& log);

}  // namespace samsr
