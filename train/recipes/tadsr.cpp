// TAD-SR: SinSR's one-step distillation with the teacher's score at little noise and a time-aware discriminator of
// latents (docs/method.md, TAD-SR; arXiv 2408.07476). With samsr.mask_noise=true it starts and rolls out as SAMSR does.

#include "core/error.h"
#include "train/recipes/adversarial_recipe.h"
#include "train/recipes/student_recipe.h"

namespace samsr {

std::unique_ptr<Recipe> make_tadsr_recipe(SuperResolutionParts parts) {
  return make_student_recipe(method_named("tadsr"), std::move(parts));
}

std::unique_ptr<Recipe> make_tadsr(const RecipeContext& context) {
  const DistillSettings& distill = context.config.distill;
  if (distill.lambda_hsd == 0 && distill.lambda_adversarial == 0) {
    throw UserError(
        "train.recipe=tadsr has neither of its losses: set distill.lambda_hsd or distill.lambda_adversarial "
        "(published: 1 and 0.02, configs/tadsr_x4.yaml)");
  }
  return make_tadsr_recipe(make_student_parts(method_named("tadsr"), context));
}

}  // namespace samsr
