#pragma once

#include <cstddef>
#include <deque>
#include <optional>

namespace samsr {

/// The losses of the last steps, to say how unusual a new one is.
class LossWindow {
 public:
  explicit LossWindow(std::size_t length = 128) : length_(length) {}

  /// Enters a loss and returns how many standard deviations it lies above the mean of those before it. None while
  /// there are fewer than 8 of them or they are all equal. A loss that is not finite is not entered.
  std::optional<double> add(double loss);

 private:
  const std::size_t length_;
  std::deque<double> losses_;
};

}  // namespace samsr
