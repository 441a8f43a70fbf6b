#include "eval/report/loss_curves.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>

#include "core/atomic_file.h"
#include "core/error.h"

namespace samsr {
namespace {

/// Keys of a line that are no losses; nor are the times, which end in "_ms".
constexpr std::array<std::string_view, 9> kOther{
    "step", "lr", "grad_norm", "images_per_s", "slowest_rank", "memory_mb", "gpu_memory_mb", "time", "bad_samples"};

bool is_loss(const std::string& key, const nlohmann::ordered_json& value) {
  return value.is_number() && !key.ends_with("_ms") && std::find(kOther.begin(), kOther.end(), key) == kOther.end();
}

}  // namespace

std::vector<LossCurve> read_loss_curves(const std::filesystem::path& metrics_log, const std::string& run) {
  std::vector<LossCurve> curves;
  std::istringstream lines(read_file(metrics_log));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const auto entry = nlohmann::ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object() || !entry.contains("step") || !entry["step"].is_number()) {
      // A run that was killed while writing leaves half a line at the end.
      if (lines.peek() == std::istringstream::traits_type::eof()) {
        break;
      }
      throw UserError("{}:{}: not a line of a training log", metrics_log.string(), number);
    }
    for (const auto& [key, value] : entry.items()) {
      if (!is_loss(key, value)) {
        continue;
      }
      auto curve = std::find_if(curves.begin(), curves.end(), [&](const LossCurve& c) { return c.name == key; });
      if (curve == curves.end()) {
        curve = curves.insert(curves.end(), LossCurve{run, key, {}, {}});
      }
      curve->steps.push_back(entry["step"].get<double>());
      curve->values.push_back(value.get<double>());
    }
  }
  return curves;
}

}  // namespace samsr
