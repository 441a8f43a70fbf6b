#include "train/recipes/recipes.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "models/weights/adapter_names.h"
#include "train/recipes/coverage_net.h"
#include "train/recipes/flowmap.h"
#include "train/recipes/regression.h"
#include "train/recipes/rsd.h"
#include "train/recipes/super_resolution.h"

namespace samsr {
namespace {

constexpr std::array kRecipes{
    RecipeEntry{"resshift", "the T-step teacher (ResShift)", make_resshift},
    RecipeEntry{"sinsr", "a one-step student of plain noise (SinSR)", make_sinsr},
    RecipeEntry{"samsr", "a one-step student of noise that masks shape (SAMSR)", make_samsr},
    RecipeEntry{"tadsr", "a one-step student with score distillation and a discriminator (TAD-SR)", make_tadsr},
    RecipeEntry{
        "vpdsr",
        "a one-step student with supervision by CLIP and of high frequencies, and a discriminator (VPD-SR-style)",
        make_vpdsr, vpdsr_origins},
    RecipeEntry{"rsd", "a one-step student of noise, against a network that is trained on its answers (RSD, VSD)",
                make_rsd},
    RecipeEntry{"flowmap", "a flow map, of one or more steps, that distils itself (FlowMapSR-style)", make_flowmap,
                flowmap_origins},
    RecipeEntry{"flowmap_adversarial", "a flow map's second stage: against a critic, with adapters (train.lora.*)",
                make_flowmap_adversarial},
    RecipeEntry{"regression",
                "a network of one pass without noise, as Real-ESRGAN trains it (RRDBNet, SRVGGNetCompact)",
                make_regression},
    RecipeEntry{"coverage_net", "the network that L_SC needs (semantic.weights)", make_coverage_net_recipe},
};

/// UserError where adapters are asked for and the recipe's network has none: it is not the denoiser.
void check_adapters(const Recipe& recipe, const TrainSettings& train) {
  const auto names = recipe.trainables().front().network->named_parameters().keys();
  if (train.lora.on() && std::ranges::none_of(names, is_adapter_weight)) {
    throw UserError(
        "train.lora.rank is {}, but the network of train.recipe={} takes no adapters and is trained whole; set "
        "train.lora.rank=0",
        train.lora.rank, train.recipe);
  }
}

}  // namespace

std::span<const RecipeEntry> recipes() { return kRecipes; }

std::string described(const Settings& settings) {
  const std::string name = settings.value("train.recipe", "--describe");
  const auto entry = std::ranges::find(kRecipes, name, &RecipeEntry::name);
  if (entry == kRecipes.end()) {
    return fmt::format("{}: no recipe of this program\n", name);
  }
  std::string text = fmt::format("{}: {}\n", entry->name, entry->help);
  if (entry->origins == nullptr) {
    return text +
           "Its equations and where its values come from: docs/method.md, and the comments of its configuration.\n";
  }
  const auto list = [&](Origin origin, const char* title) {
    text += fmt::format("\n{}\n", title);
    for (const SettingOrigin& each : entry->origins()) {
      if (each.origin == origin) {
        const std::string value = settings.value(std::string(each.key), "--describe");
        text += fmt::format("  {}: {}{}{}\n", each.key, value, each.note.empty() ? "" : "  # ", each.note);
      }
    }
  };
  list(Origin::kPublished, "Published");
  list(Origin::kRelated, "As related methods have it");
  list(Origin::kOurs, "Not known; our choice");
  return text;
}

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
  std::unique_ptr<Recipe> recipe = entry->make(context);
  check_adapters(*recipe, context.config.train);
  return recipe;
}

}  // namespace samsr
