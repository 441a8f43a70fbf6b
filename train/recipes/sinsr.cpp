// SinSR: the student learns the teacher's deterministic rollout from plain noise (docs/method.md, SinSR).

#include "train/recipes/adversarial_recipe.h"

namespace samsr {
namespace {

class SinSRRecipe final : public AdversarialRecipe {
 public:
  using AdversarialRecipe::AdversarialRecipe;

  at::Tensor predict(const Batch& batch) const override {
    return parts_.network->one_step(batch.lq, picture_noise(batch));
  }

 private:
  DistillStart start(const Batch& batch, const at::Tensor& noise) const override {
    return sinsr_start(parts_.network->diffusion().schedule(), batch.z_y, noise);
  }
};

}  // namespace

std::unique_ptr<Recipe> make_sinsr_recipe(SuperResolutionParts parts) {
  return std::make_unique<SinSRRecipe>(std::move(parts));
}

std::unique_ptr<Recipe> make_sinsr(const RecipeContext& context) {
  return make_sinsr_recipe(make_student_parts(method_named("sinsr"), context));
}

}  // namespace samsr
