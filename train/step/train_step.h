#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "train/checkpoints/checkpoint_writer.h"
#include "train/faults/watchdog.h"
#include "train/report/step_timer.h"
#include "train/step/batch_plan.h"
#include "train/step/trainable_state.h"

namespace samsr {

/// What a move leaves on the device, so that the host need not wait for it.
struct MoveRecord {
  std::size_t trainable = 0;
  double learning_rate = 0;
  std::vector<std::string> names;     ///< of the L losses: "loss", then its terms
  at::Tensor images;                  ///< (B) the loss of each of this rank's images
  at::Tensor total;                   ///< (L) float64: sums over the images of all ranks
  std::vector<std::string> weighted;  ///< terms whose gradients are measured in this step, G of them; mostly none
  at::Tensor term_gradients;          ///< (G) float64: norms of their gradients on the network's answers
  at::Tensor gradient_norm;           ///< () float64, of the averaged gradient, before it is clipped
  at::Tensor skipped;  ///< () float32: 1 when a loss or the gradient was not finite here or in an earlier move
  std::vector<std::uint64_t> samples;  ///< of this rank
};

/// The moves of one step, in order.
using StepRecord = std::vector<MoveRecord>;

/// One step of one rank: the moves of the recipe, each passes over this rank's part of a global batch, exchange of
/// gradients and an update; then the averages. Where a loss or the gradient of a move is not finite on any rank, no
/// rank makes its update, nor those of the moves behind it.
class TrainStep {
 public:
  /// What steps work on; all of it outlives the TrainStep.
  struct Parts {
    Recipe& recipe;
    std::vector<TrainableState>& states;
    const BatchPlan& plan;
    const TrainSettings& settings;
    StepTimer* timer = nullptr;
    Watchdog* watchdog = nullptr;
    CheckpointWriter* writer = nullptr;  ///< whose copy of the weights an update waits for
  };
  /// This rank's plan.count samples of the next global batch, on the networks' device.
  using NextBatch = std::function<Batch()>;

  explicit TrainStep(const Parts& parts) : parts_(parts) {}

  /// Step number `step`, 1 for the first. Collective.
  StepRecord run(std::int64_t step, const NextBatch& next_batch);

 private:
  MoveRecord make(const Move& move, const Batch& batch, std::int64_t step, const at::Tensor& skip_before);
  /// One pass of a move; adds its sums to the record.
  void backward(const Move& move, const Batch& batch, bool last_pass, MoveRecord& record);
  void add_term_gradients(const RecipeLosses& losses, MoveRecord& record) const;
  void enter(Phase phase);

  const Parts parts_;
  bool measures_terms_ = false;  ///< in this step
};

}  // namespace samsr
