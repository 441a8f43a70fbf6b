#include "train/checkpoints/best_checkpoint.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/json_entry.h"

namespace samsr {
void write_best(const std::filesystem::path& out, const BestCheckpoint& best) {
  nlohmann::ordered_json entry;
  entry["checkpoint"] = best.checkpoint;
  entry["figure"] = best.figure;
  entry["value"] = best.value;
  write_file_atomically(out / kBestFile, json_text(entry, 2) + "\n");
}

bool beats(double value, const Validation::Goal& goal, const std::optional<BestCheckpoint>& best) {
  if (!std::isfinite(value)) {
    return false;
  }
  if (!best || best->figure != goal.figure) {
    return true;
  }
  return goal.higher_is_better ? value > best->value : value < best->value;
}

}  // namespace samsr
