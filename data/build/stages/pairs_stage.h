#pragma once

#include <memory>

#include "data/build/settings.h"
#include "data/build/stages/stage.h"
#include "data/photographs/index.h"

namespace samsr {

/// Stage `pairs`: hr, lr, source. Which photograph a sample is cut from is PhotographOrder's.
/// `photographs`, those of data.images, must outlive the stage.
std::unique_ptr<Stage> make_pairs_stage(const BuildSettings& settings, const PhotographIndex& photographs);

/// What the stage's fields depend on: Stage::content().
std::string pairs_content(const BuildSettings& settings, const PhotographSummary& photographs);

/// The "key: value" lines of the settings that decide the pairs. Left out are those that do not: paths, how many
/// samples, memory, and what is stored beside the pairs.
std::string pairs_setting_lines(const BuildSettings& settings);

}  // namespace samsr
