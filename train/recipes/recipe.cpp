#include "train/recipes/recipe.h"

#include "core/error.h"
#include "diffusion/noise.h"
#include "train/recipes/noise.h"

namespace samsr {

NoiseSource seeded_noise(std::uint64_t seed) {
  return [seed](const Batch& batch, at::IntArrayRef shape) {
    const at::Device device = batch.lq.device();
    return batch.noise_seed.empty() ? noise_at(seed, batch.position, shape, device)
                                    : noise_of(batch.noise_seed, shape, device);
  };
}

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
