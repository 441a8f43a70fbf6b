#pragma once

#include <cstdint>
#include <string>

#include "train/report/metrics_log.h"

namespace samsr {

/// "  D 74 % (real +0.41, fake -0.38)": the share of its logits by which a discriminator tells photographs from what
/// the student makes, and their means; empty for a step without one.
std::string discriminator_text(const StepMetrics& metrics);

/// Whether a discriminator is of use to the student: one that knows nothing teaches nothing, and against one that
/// always knows nothing helps.
class DiscriminatorHealth {
 public:
  /// Steps without a discriminator, and skipped ones, do not count.
  void add(const StepMetrics& metrics);

  std::int64_t steps() const { return steps_; }
  /// One line with the knob to turn; begins to count anew. For one step or more.
  std::string verdict();

 private:
  std::int64_t steps_ = 0;
  double accuracy_ = 0;  ///< sum over the steps
};

}  // namespace samsr
