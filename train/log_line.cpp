#include "train/log_line.h"

#include <fmt/format.h>

namespace samsr {

std::string log_line(const StepMetrics& metrics, std::optional<double> unusual) {
  const std::string deviations = unusual ? fmt::format(" ({:+.1f} sd)", *unusual) : "";
  return fmt::format("loss {:.5f}{}  |grad| {:.3f}  lr {:.2e}  {:.0f} ms (data {:.0f}, exchange {:.0f})  {:.1f} images/s  "
                     "{:.1f} GB",
                     metrics.losses.front().second, deviations, metrics.gradient_norm, metrics.learning_rate,
                     metrics.times.whole, metrics.data_wait_ms, metrics.times[StepPhase::kExchange],
                     metrics.images_per_second, metrics.memory_mb / 1e3);
}

}  // namespace samsr
