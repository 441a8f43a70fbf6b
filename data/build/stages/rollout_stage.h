#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "core/log.h"
#include "data/build/stages/rollout_settings.h"
#include "data/build/stages/stage.h"
#include "models/super_resolution/model_settings.h"
#include "models/super_resolution/super_resolution_model.h"

namespace samsr {

/// The run that is to be trained from the rollouts.
struct RolloutPlan {
  RolloutSettings rollout;
  std::string recipe;   ///< train.recipe: what noise and process are
  ModelSettings model;  ///< the student's: its schedule, samsr.*, the first stage's weights
  std::string teacher;  ///< train.teacher_weights: as for find_weights(); weights with their settings (model_file)
};

/// Rollouts of the teacher from the stored latents: `rollout/x0` (K,C,h,w) half, what SinSR's and SAMSR's students
/// learn from (docs/method.md, "SinSR" and "SAMSR: Algorithm 1"), and `rollout/noise_seed` (K) uint64, from which x_T
/// is rebuilt (rollout_noise_seed).
class RolloutStage final : public Stage {
 public:
  /// The teacher computes on `device`. UserError when the recipe has no rollouts, the teacher is missing or damaged,
  /// or its schedule is not the student's.
  RolloutStage(const RolloutPlan& plan, c10::Device device, Log& log);

  std::string name() const override { return "rollout"; }
  std::vector<std::string> needs() const override;
  std::string content() const override { return content_; }
  std::size_t batch() const override { return static_cast<std::size_t>(plan_.rollout.batch); }
  void run(std::uint64_t first, std::span<Sample> samples) override;

 private:
  const RolloutPlan plan_;
  const Method& method_;
  const c10::Device device_;
  std::unique_ptr<SuperResolutionModel> teacher_;
  std::string content_;
};

}  // namespace samsr
