#pragma once

#include <filesystem>
#include <optional>

#include "models/weights/checkpoint_folder.h"
#include "train/validation/validation.h"

namespace samsr {

void write_best(const std::filesystem::path& out, const BestCheckpoint& best);

/// Whether `value` beats what OUT/best holds; another figure than `goal` does not count.
bool beats(double value, const Validation::Goal& goal, const std::optional<BestCheckpoint>& best);

}  // namespace samsr
