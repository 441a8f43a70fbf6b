#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "train/recipes/flowmap_settings.h"
#include "train/recipes/super_resolution.h"

namespace samsr {

/// What a step of the recipe flowmap draws for B samples.
struct FlowMapDraw {
  std::vector<bool> diagonal;  ///< B: whose interval is a point, t = s
  at::Tensor s, t;             ///< (B) float32, s ≤ t
  at::Tensor prompt;           ///< (B) int64
};
using FlowMapDraws = std::function<FlowMapDraw(const Batch&)>;

/// Row b is a function of (seed, batch.position[b]); of each `global_batch` positions in a row the same number is
/// diagonal, evenly spread, so that all ranks have as much to do.
FlowMapDraws seeded_flow_map_draws(const FlowMapTrainSettings& settings, std::uint64_t seed, std::int64_t global_batch);

/// FlowMapSR-style training by its parts, `average` among them, with the draws of the seed or others. UserError where
/// the settings do not fit each other.
std::unique_ptr<Recipe> make_flowmap_recipe(SuperResolutionParts parts, const FlowMapTrainSettings& settings,
                                            FlowMapDraws draws = {});

/// By the settings of a run.
std::unique_ptr<Recipe> make_flowmap(const RecipeContext& context);

/// The second stage by its parts: `teacher` is the first stage, whose features the critic has. By the settings of a
/// run: UserError for losses that a flow map has no answer for.
std::unique_ptr<Recipe> make_flowmap_adversarial_recipe(SuperResolutionParts parts);
std::unique_ptr<Recipe> make_flowmap_adversarial(const RecipeContext& context);

}  // namespace samsr
