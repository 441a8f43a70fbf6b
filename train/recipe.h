#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/shards/loader.h"
#include "diffusion/super_resolution_model.h"
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

  /// Losses of `batch`, whose tensors are on the network's device. Deterministic: all noise is a function of
  /// (seed, batch.position).
  virtual RecipeLosses losses(const Batch& batch) = 0;

  /// True when batches must carry the HR image.
  virtual bool needs_hr() const { return false; }
};

/// What a recipe works with; outlives it.
struct RecipeParts {
  const TrainSettings& train;
  const DistillSettings& distill;
  SuperResolutionModel& network;  ///< what is trained
  SuperResolutionModel* teacher;  ///< null for resshift, and where batches carry its rollouts
};

/// The recipe `train.recipe`.
std::unique_ptr<Recipe> make_recipe(const RecipeParts& parts);

/// One recipe a file.
std::unique_ptr<Recipe> make_resshift_recipe(const RecipeParts& parts);
std::unique_ptr<Recipe> make_sinsr_recipe(const RecipeParts& parts);
std::unique_ptr<Recipe> make_samsr_recipe(const RecipeParts& parts);

}  // namespace samsr
