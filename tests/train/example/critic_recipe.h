#pragma once

#include <memory>

#include "train/recipes/distillation.h"

namespace samsr::testing {

/// SinSR beside a critic of latents: each step updates the critic (hinge loss), then the student, whose losses gain
/// `adversarial`. The example of docs/extending.md.
std::unique_ptr<Recipe> make_critic_recipe(SuperResolutionParts parts);
std::unique_ptr<Recipe> make_critic(const RecipeContext& context);

}  // namespace samsr::testing
