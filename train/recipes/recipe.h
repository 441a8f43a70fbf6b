#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/shards/loader.h"
#include "models/super_resolution/super_resolution_model.h"
#include "train/losses/semantic_loss.h"
#include "train/report/step_timer.h"
#include "train/settings.h"

namespace samsr {

/// Losses of one pass, each (B) float32, one value a sample.
struct RecipeLosses {
  at::Tensor total;                                       ///< what is back-propagated
  std::vector<std::pair<std::string, at::Tensor>> terms;  ///< what it is made of, unweighted, for the log
};

/// What is trained and against what. Knows nothing of ranks, optimizers or files.
class Recipe {
 public:
  virtual ~Recipe() = default;

  /// Losses of `batch`, whose tensors are on the network's device. Deterministic: all noise is that of
  /// RecipeParts::noise.
  virtual RecipeLosses losses(const Batch& batch) = 0;

  /// What batches must carry. Latents that the shards lack are computed from the HR image before losses().
  virtual BatchFields fields() const { return {}; }
};

/// Standard normal noise (B, shape…) float32 for a batch, on the device of its tensors.
using NoiseSource = std::function<at::Tensor(const Batch&, at::IntArrayRef shape)>;

/// Row b is a function of (seed, batch.position[b]); for kept rollouts, the noise that they were rolled out from.
NoiseSource seeded_noise(std::uint64_t seed);

/// What a recipe works with; outlives it.
struct RecipeParts {
  const TrainSettings& train;
  const DistillSettings& distill;
  SuperResolutionModel& network;  ///< what is trained
  SuperResolutionModel* teacher;  ///< null for resshift, and where batches carry its rollouts
  NoiseSource noise;
  SemanticLoss* semantic = nullptr;  ///< of a student; null for none
  StepTimer* timer = nullptr;        ///< of the rollouts; null for none
};

/// The recipe `train.recipe`.
std::unique_ptr<Recipe> make_recipe(const RecipeParts& parts);

/// One recipe a file.
std::unique_ptr<Recipe> make_resshift_recipe(const RecipeParts& parts);
std::unique_ptr<Recipe> make_sinsr_recipe(const RecipeParts& parts);
std::unique_ptr<Recipe> make_samsr_recipe(const RecipeParts& parts);

}  // namespace samsr
