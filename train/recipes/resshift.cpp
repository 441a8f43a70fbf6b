// ResShift, the teacher: predict z_0 from every step of the diffusion (method §4).

#include "diffusion/resshift.h"

#include "train/recipes/noise.h"
#include "train/recipes/recipe.h"

namespace samsr {
namespace {

class ResShiftRecipe final : public Recipe {
 public:
  explicit ResShiftRecipe(const RecipeParts& parts) : parts_(parts), denoiser_(denoiser_of(parts.network.unet())) {}

  RecipeLosses losses(const Batch& batch) override {
    const Diffusion& diffusion = parts_.network.diffusion();
    const std::uint64_t seed = parts_.train.seed;
    const at::Device device = batch.z_0.device();
    const at::Tensor noise = parts_.noise(batch, batch.z_0.sizes().slice(1));
    const at::Tensor steps = steps_at(seed, "step", batch.position, diffusion.schedule().steps(), device);
    const at::Tensor mse = resshift_loss(diffusion, denoiser_, batch.z_0, batch.z_y, batch.lq, steps, noise);
    return {mse, {{"mse", mse}}};
  }

 private:
  const RecipeParts parts_;
  const Denoiser denoiser_;
};

}  // namespace

std::unique_ptr<Recipe> make_resshift_recipe(const RecipeParts& parts) {
  return std::make_unique<ResShiftRecipe>(parts);
}

}  // namespace samsr
