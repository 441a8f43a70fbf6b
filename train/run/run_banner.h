#pragma once

#include "train/report/run_record.h"
#include "train/run/run.h"

namespace samsr {

/// What a run begins with: ranks, batch, data, epochs, memory. Collective.
RunRecord run_record(const Run& run);

/// What a step of this rank will need of its device's memory; runs the losses forward on one sample and on two.
MemoryEstimate estimate_memory(Run& run);

}  // namespace samsr
