#pragma once
// The recipe coverage_net: a small network learns the semantic weight W of a picture from the coverage that the shards
// hold (docs/method.md, L_SC), for the semantic loss that trains (train/losses/semantic_loss.h).

#include <memory>

#include "models/coverage_net/coverage_net.h"
#include "train/recipes/recipe.h"

namespace samsr {

/// Losses: the cross entropy of W, which has its least value where the squared error has, E[W | picture], and a
/// gradient at answers near 0 and 1 too; mean over the HR image and the enlarged LR image, whose squared errors are the
/// terms `hr` and `lr`, logged only. Validation: held_out_hr, held_out_lr: those errors of the averaged weights on the
/// samples that are held out, the first thousand at most; held_out_hr_constant, held_out_lr_constant: of the best
/// constant, the mean of W over them. UserError when the shards have too few samples to hold some out, no coverage_hr,
/// or not the pictures of coverage_net.input.
std::unique_ptr<Recipe> make_coverage_net_recipe(const RecipeContext& context);

/// The losses alone, of `net`.
RecipeLosses coverage_net_losses(CoverageNet net, const Batch& batch);

}  // namespace samsr
