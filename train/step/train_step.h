#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "comm/gradient_exchange.h"
#include "train/faults/watchdog.h"
#include "train/recipes/recipe.h"
#include "train/report/step_timer.h"
#include "train/step/adamw.h"
#include "train/step/batch_plan.h"
#include "train/step/ema.h"

namespace samsr {

/// What a step leaves on the device, so that the host need not wait for it.
struct StepRecord {
  std::vector<std::string> names;  ///< of the L losses: "loss", then its terms
  at::Tensor images;               ///< (B) the loss of each of this rank's images
  at::Tensor local;                ///< (L) float64: sums over this rank's images
  at::Tensor total;                ///< (L) float64: sums over the images of all ranks
  at::Tensor gradient_norm;        ///< () float64, of the averaged gradient
  at::Tensor skipped;  ///< () float32: 1 when a loss or the gradient was not finite, so that nothing changed
};

/// One optimizer step of one rank: passes over its part of the global batch, exchange of gradients, update of weights
/// and of their average. Where a loss or the gradient is not finite on any rank, no rank updates anything.
class TrainStep {
 public:
  /// What a step works on; all of it outlives the TrainStep.
  struct Parts {
    Recipe& recipe;
    GradientExchange& exchange;
    AdamW& optimizer;
    Ema& ema;
    const BatchPlan& plan;
    const std::vector<at::Tensor>& parameters;
    bool free_gradients = false;  ///< after the update, where the exchange lets them go: less memory in the next pass
    bool bf16 = false;            ///< networks under autocast
    StepTimer* timer = nullptr;
    Watchdog* watchdog = nullptr;
  };
  explicit TrainStep(const Parts& parts) : parts_(parts) {}

  /// `batch`: this rank's plan.count samples on the parameters' device. Collective.
  StepRecord run(const Batch& batch, double learning_rate);

 private:
  void backward(const Batch& batch, bool last_pass, StepRecord& record);
  void now(Phase phase);
  at::Tensor gradient_norm() const;

  const Parts parts_;
};

}  // namespace samsr
