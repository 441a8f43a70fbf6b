#include "train/recipes/student_recipe.h"

#include "train/recipes/adversarial_recipe.h"

namespace samsr {
namespace {

class StudentRecipe final : public AdversarialRecipe {
 public:
  StudentRecipe(const Method& method, SuperResolutionParts parts)
      : AdversarialRecipe(std::move(parts)), masks_(masks_shape_noise(method, parts_.network->settings().sam)) {}

  at::Tensor predict(const Batch& batch) const override {
    return parts_.network->one_step(batch.lq, picture_noise(batch), coverage_of(batch));
  }

 private:
  DistillStart start(const Batch& batch, const at::Tensor& noise) const override {
    return distill_start(parts_.network->diffusion().schedule(), parts_.network->settings().sam, batch.z_y, noise,
                         coverage_of(batch));
  }

  std::optional<at::Tensor> coverage_of(const Batch& batch) const {
    return masks_ ? std::optional(batch.coverage) : std::nullopt;
  }

  const bool masks_;  ///< shape noise and process
};

}  // namespace

std::unique_ptr<Recipe> make_student_recipe(const Method& method, SuperResolutionParts parts) {
  return std::make_unique<StudentRecipe>(method, std::move(parts));
}

}  // namespace samsr
