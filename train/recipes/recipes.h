#pragma once
// The one table of recipes.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/recipes/recipe.h"

namespace samsr {

struct RecipeEntry {
  std::string_view name;  ///< train.recipe
  std::string_view help;  ///< what it trains
  std::unique_ptr<Recipe> (*make)(const RecipeContext& context);
};

/// Every recipe of the program.
std::span<const RecipeEntry> recipes();

/// The recipe `train.recipe` of `table`. UserError for a name that is not in it, and for settings or shards that do not
/// fit the recipe.
std::unique_ptr<Recipe> make_recipe(std::span<const RecipeEntry> table, const RecipeContext& context);

}  // namespace samsr
