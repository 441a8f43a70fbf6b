// SAMSR: SinSR's distillation from noise and a process that the cached coverage of the masks shapes per pixel
// (method §6, arXiv 2505.07071 Eq. 5-12).

#include "train/recipes/distillation.h"

namespace samsr {
namespace {

class SamsrRecipe final : public DistillRecipe {
 public:
  using DistillRecipe::DistillRecipe;

 private:
  DistillStart start(const Batch& batch, const at::Tensor& noise) const override {
    return distill_start(parts_.network.diffusion().schedule(), parts_.network.settings().sam, batch.z_y, noise,
                         batch.coverage);
  }
};

}  // namespace

std::unique_ptr<Recipe> make_samsr_recipe(const RecipeParts& parts) { return std::make_unique<SamsrRecipe>(parts); }

}  // namespace samsr
