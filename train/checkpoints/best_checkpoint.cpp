#include "train/checkpoints/best_checkpoint.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"

namespace samsr {
namespace {
constexpr const char* kBest = "best";
}

std::optional<BestCheckpoint> read_best(const std::filesystem::path& out) {
  const std::filesystem::path file = out / kBest;
  if (!std::filesystem::exists(file)) {
    return std::nullopt;
  }
  const auto entry = nlohmann::json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  if (!entry.is_object() || !entry.contains("checkpoint") || !entry.contains("figure") || !entry.contains("value")) {
    throw UserError("{}: damaged; remove it, and the next validation begins anew", file.string());
  }
  return BestCheckpoint{entry["checkpoint"], entry["figure"], entry["value"]};
}

void write_best(const std::filesystem::path& out, const BestCheckpoint& best) {
  nlohmann::ordered_json entry;
  entry["checkpoint"] = best.checkpoint;
  entry["figure"] = best.figure;
  entry["value"] = best.value;
  write_file_atomically(out / kBest, entry.dump(2) + "\n");
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
