#include "train/recipe.h"

#include "core/error.h"

namespace samsr {

std::unique_ptr<Recipe> make_recipe(const RecipeParts& parts) {
  if (parts.train.recipe == "resshift") {
    return make_resshift_recipe(parts);
  }
  if (parts.train.recipe == "sinsr") {
    return make_sinsr_recipe(parts);
  }
  if (parts.train.recipe == "samsr") {
    return make_samsr_recipe(parts);
  }
  throw UserError("train.recipe is '{}', expected resshift, sinsr or samsr", parts.train.recipe);
}

}  // namespace samsr
