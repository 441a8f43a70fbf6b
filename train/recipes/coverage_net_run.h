#pragma once
// The recipe coverage_net: a small network learns the semantic weight W of a picture from the coverage that the shards
// hold (method §6), for the semantic loss that trains (train/losses/semantic_loss.h).

#include <c10/core/Device.h>

#include <memory>

#include "comm/communicator.h"
#include "core/log.h"
#include "data/shards/shard_set.h"
#include "models/coverage_net/coverage_net.h"
#include "train/recipes/recipe.h"
#include "train/recipes/subject.h"
#include "train/validation/validation.h"

namespace samsr {

struct CoverageNetRun {
  std::unique_ptr<Subject> subject;
  std::unique_ptr<Recipe> recipe;
  std::unique_ptr<Validation> validation;
  SampleRange samples;  ///< that train
};

/// What a run of the recipe consists of; `shards` and `communicator` outlive it. UserError when the shards have too few
/// samples to hold some out, no coverage_hr, or not the pictures of coverage_net.input.
CoverageNetRun make_coverage_net_run(const CoverageNetRunSettings& settings, const TrainSettings& train,
                                     const ModelSettings& model, const ShardSet& shards, c10::Device device,
                                     Communicator& communicator, Log& log);

/// Losses: the cross entropy of W, which has its least value where the squared error has, E[W | picture], and a
/// gradient at answers near 0 and 1 too; mean over the HR image and the enlarged LR image, whose squared errors are the
/// terms `hr` and `lr`.
std::unique_ptr<Recipe> make_coverage_net_recipe(const CoverageNet& net);

/// Figures held_out_hr, held_out_lr: those errors of `net` on samples of `range`, the first thousand at most, `batch`
/// at a time; held_out_hr_constant, held_out_lr_constant: of the best constant, the mean of W over them.
std::unique_ptr<Validation> make_coverage_net_validation(const CoverageNet& net, const ShardSet& shards,
                                                         SampleRange range, std::int64_t batch, c10::Device device,
                                                         Communicator& communicator, Log& log);

}  // namespace samsr
