#pragma once
// The one table of recipes.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "train/recipes/recipe.h"
#include "train/recipes/setting_origin.h"

namespace samsr {

struct RecipeEntry {
  std::string_view name;  ///< train.recipe
  std::string_view help;  ///< what it trains
  std::unique_ptr<Recipe> (*make)(const RecipeContext& context);
  std::span<const SettingOrigin> (*origins)() = nullptr;  ///< of a method that is not published as a whole
};

/// Every recipe of the program.
std::span<const RecipeEntry> recipes();

/// What `samsr train --describe` prints of the recipe of `settings` (train.recipe): what it trains, and with which
/// settings; of one that is not published as a whole, where the value of each setting comes from.
std::string described(const Settings& settings);

/// The recipe `train.recipe` of `table`. UserError for a name that is not in it, and for settings or shards that do not
/// fit the recipe.
std::unique_ptr<Recipe> make_recipe(std::span<const RecipeEntry> table, const RecipeContext& context);

}  // namespace samsr
