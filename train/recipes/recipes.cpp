#include "train/recipes/recipes.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "train/recipes/coverage_net.h"
#include "train/recipes/rsd.h"
#include "train/recipes/super_resolution.h"

namespace samsr {
namespace {

constexpr std::array kRecipes{
    RecipeEntry{"resshift", "the T-step teacher (ResShift)", make_resshift},
    RecipeEntry{"sinsr", "a one-step student of plain noise (SinSR)", make_sinsr},
    RecipeEntry{"samsr", "a one-step student of noise that masks shape (SAMSR)", make_samsr},
    RecipeEntry{"rsd", "a one-step student of noise, against a network that is trained on its answers (RSD, VSD)",
                make_rsd},
    RecipeEntry{"coverage_net", "the network that L_SC needs (semantic.weights)", make_coverage_net_recipe},
};

}  // namespace

std::span<const RecipeEntry> recipes() { return kRecipes; }

std::unique_ptr<Recipe> make_recipe(std::span<const RecipeEntry> table, const RecipeContext& context) {
  const std::string& name = context.config.train.recipe;
  const auto entry = std::ranges::find(table, name, &RecipeEntry::name);
  if (entry == table.end()) {
    std::vector<std::string_view> names;
    for (const RecipeEntry& each : table) {
      names.push_back(each.name);
    }
    throw UserError("train.recipe is '{}', expected one of {}", name, fmt::join(names, ", "));
  }
  return entry->make(context);
}

}  // namespace samsr
