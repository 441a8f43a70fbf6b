#pragma once
// Whole training steps of SAMSR, as the trainer makes them, to be timed: losses, backward pass, exchange of gradients,
// AdamW and average. Networks have fresh weights; the data is noise, whose cost is the same.

#include <c10/core/Device.h>

#include <memory>
#include <optional>
#include <string>

#include "comm/communicator.h"
#include "train/recipes/super_resolution.h"
#include "train/report/step_timer.h"

namespace samsr::bench {

struct StepCase {
  std::string teacher = "cached";  ///< cached: rollouts come with the data; online: made in the step
  std::int64_t batch = 1;          ///< images a step, over all ranks
  std::int64_t microbatch = 64;
  std::string precision = "fp32";
  std::string exchange = "auto";  ///< of train.exchange; one named exchanges on a rank alone too
  bool checkpoint_activations = false;
  bool deterministic = true;
  bool graphs = true;
};

/// Medians over the steps of the slowest rank's times, in milliseconds.
struct StepFigures {
  double ms = 0;       ///< a step among others
  double host_ms = 0;  ///< until the host has asked for all of a step, beginning on an idle device
  StepTimes phases;
  double peak_mb = 0;  ///< of the GPU's memory, or of the process
};

/// Networks of one size, made once for all cases.
class StepBench {
 public:
  /// `size`: paper or quickstart. `lora_rank`: of adapters (train.lora.rank); 0 for none.
  StepBench(const std::string& size, std::int64_t lora_rank, c10::Device device, Communicator& communicator);

  StepFigures measure(const StepCase& each, int warm_up, int steps);

  /// Takes `steps` steps, then `steps` more twice from the same state, the second time as a resumed run would. Name of
  /// the first tensor whose bytes differ; none when all are the same.
  std::optional<std::string> difference_when_resumed(const StepCase& each, int steps);

  /// Writes a Chrome trace of two steps into `folder`.
  void profile(const StepCase& each, const std::string& folder);

  /// Floating-point operations of a step's matrix products and convolutions for one image (docs/scaling.md); none but
  /// at the paper's size.
  std::optional<double> operations(const StepCase& each) const;

 private:
  class Steps;

  const bool paper_;
  const c10::Device device_;
  Communicator& communicator_;
  const ModelSettings settings_;
  const std::int64_t lora_rank_;
  std::shared_ptr<SuperResolutionModel> network_;
  std::shared_ptr<SuperResolutionModel> teacher_;
  std::shared_ptr<LoadedModel> average_;
};

}  // namespace samsr::bench
