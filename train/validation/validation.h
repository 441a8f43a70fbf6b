#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace samsr {

/// What is measured now and then on samples that never train.
class Validation {
 public:
  virtual ~Validation() = default;

  /// Figures of the averaged weights as they are after `step` steps, by name; the same on every rank. Collective.
  virtual std::vector<std::pair<std::string, double>> figures(std::int64_t step) = 0;

  /// The figure that says which checkpoint is the best, and in which direction.
  struct Goal {
    std::string figure;
    bool higher_is_better = true;
  };
  virtual Goal goal() const = 0;
};

}  // namespace samsr
