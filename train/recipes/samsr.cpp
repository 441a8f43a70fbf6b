// SAMSR: SinSR's distillation from noise and a process that the cached coverage of the masks shapes per pixel
// (docs/method.md, SAMSR; arXiv 2505.07071 Eq. 5-12).

#include "train/recipes/adversarial_recipe.h"

namespace samsr {
namespace {

class SamsrRecipe final : public AdversarialRecipe {
 public:
  using AdversarialRecipe::AdversarialRecipe;

  at::Tensor predict(const Batch& batch) const override {
    return parts_.network->one_step(batch.lq, picture_noise(batch), batch.coverage);
  }

 private:
  DistillStart start(const Batch& batch, const at::Tensor& noise) const override {
    return distill_start(parts_.network->diffusion().schedule(), parts_.network->settings().sam, batch.z_y, noise,
                         batch.coverage);
  }
};

}  // namespace

std::unique_ptr<Recipe> make_samsr_recipe(SuperResolutionParts parts) {
  return std::make_unique<SamsrRecipe>(std::move(parts));
}

std::unique_ptr<Recipe> make_samsr(const RecipeContext& context) {
  return make_samsr_recipe(make_student_parts(method_named("samsr"), context));
}

}  // namespace samsr
