// SinSR: the student learns the teacher's deterministic rollout from plain noise (method §5).

#include "train/recipes/distillation.h"

namespace samsr {
namespace {

class SinSRRecipe final : public DistillRecipe {
 public:
  using DistillRecipe::DistillRecipe;

 private:
  DistillStart start(const Batch& batch, const at::Tensor& noise) const override {
    return sinsr_start(parts_.network.diffusion().schedule(), batch.z_y, noise);
  }
};

}  // namespace

std::unique_ptr<Recipe> make_sinsr_recipe(const RecipeParts& parts) { return std::make_unique<SinSRRecipe>(parts); }

}  // namespace samsr
