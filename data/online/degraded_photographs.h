#pragma once

#include <memory>

#include "comm/communicator.h"
#include "data/online/fresh_pairs.h"

namespace samsr {

/// Pairs that are cut from the photographs data.images and degraded when they are drawn: the pair at position p of
/// training is sample p of the data set that `data build` makes with these settings and as many samples as it takes. An
/// epoch has as many positions as there are photographs. Coverage is that of the graph segmentation (SAMSR Eq. 3-4).
///
/// Looks through the photographs, and keeps their index in the folder settings.data.out. Batches of this set throw
/// UserError where masks.source is not graph, or data.shuffle is off, as the order is the build's. UserError when no
/// photograph can be used, or settings.data.out lies among them. Collective.
std::unique_ptr<const SampleSet> degraded_photographs(const BuildSettings& settings, Communicator& comm, Log& log);

}  // namespace samsr
