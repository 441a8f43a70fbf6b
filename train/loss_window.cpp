#include "train/loss_window.h"

#include <cmath>
#include <numeric>

namespace samsr {

std::optional<double> LossWindow::add(double loss) {
  constexpr std::size_t kLeast = 8;
  if (!std::isfinite(loss)) {
    return std::nullopt;
  }
  std::optional<double> unusual;
  if (losses_.size() >= kLeast) {
    const auto count = static_cast<double>(losses_.size());
    const double mean = std::accumulate(losses_.begin(), losses_.end(), 0.0) / count;
    double squares = 0;
    for (const double each : losses_) {
      squares += (each - mean) * (each - mean);
    }
    const double deviation = std::sqrt(squares / (count - 1));
    if (deviation > 0) {
      unusual = (loss - mean) / deviation;
    }
  }
  losses_.push_back(loss);
  if (losses_.size() > length_) {
    losses_.pop_front();
  }
  return unusual;
}

}  // namespace samsr
