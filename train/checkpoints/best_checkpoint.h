#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "train/validation/validation.h"

namespace samsr {

/// OUT/best of a run: which checkpoint its validation found best. That one is kept whatever train.keep says.
struct BestCheckpoint {
  std::string checkpoint;  ///< name of its folder in OUT
  std::string figure;
  double value = 0;
};

/// Empty when the run has none yet; UserError when the file is damaged.
std::optional<BestCheckpoint> read_best(const std::filesystem::path& out);

void write_best(const std::filesystem::path& out, const BestCheckpoint& best);

/// Whether `value` beats what OUT/best holds; another figure than `goal` does not count.
bool beats(double value, const Validation::Goal& goal, const std::optional<BestCheckpoint>& best);

}  // namespace samsr
