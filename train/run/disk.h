#pragma once

#include <string>

#include "train/run/run.h"

namespace samsr {

/// What all checkpoints of the run take that will lie in its folder at the same time.
double megabytes_of_checkpoints(const Run& run);

/// One line when the checkpoints that are still to be written do not fit on the disk; empty when they do.
std::string disk_problem(const Run& run);

}  // namespace samsr
