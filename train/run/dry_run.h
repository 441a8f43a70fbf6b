#pragma once

#include "train/trainer.h"

namespace samsr {

/// samsr train --dry-run: tries memory, disk, exchange and a step, and says how it went, before one queues for GPUs.
/// UserError for what would stop the run. Collective.
void dry_run(Run& run, Trainer& trainer);

}  // namespace samsr
