// ResShift, the teacher: predict z_0 from every step of the diffusion (docs/method.md, ResShift).

#include "diffusion/resshift.h"

#include "train/recipes/decoding.h"
#include "train/recipes/noise.h"
#include "train/recipes/super_resolution.h"

namespace samsr {
namespace {

class ResShiftRecipe final : public SuperResolutionRecipe {
 public:
  explicit ResShiftRecipe(SuperResolutionParts parts)
      : SuperResolutionRecipe(std::move(parts)), denoiser_(training_denoiser(parts_, *parts_.network)) {}

  RecipeLosses losses(const Batch& batch, const Move&) override {
    const Diffusion& diffusion = parts_.network->diffusion();
    const std::uint64_t seed = parts_.train.seed;
    const at::Device device = batch.z_0.device();
    const at::Tensor noise = parts_.noise(batch, batch.z_0.sizes().slice(1));
    const at::Tensor steps = steps_at(seed, "step", batch.position, diffusion.schedule().steps(), device);
    RecipeLosses losses;
    losses.predictions = {resshift_prediction(diffusion, denoiser_, batch.z_0, batch.z_y, batch.lq, steps, noise)};
    losses.add("mse", 1, resshift_loss(losses.predictions[0], batch.z_0));
    if (parts_.lpips) {
      const at::Tensor image = decode_latents(parts_.network->first_stage(), losses.predictions[0],
                                              {.recomputed = parts_.train.checkpoint_activations});
      losses.add("lpips", parts_.lpips->weight(), parts_.lpips->of(image, batch.hr));
    }
    return losses;
  }

  BatchFields fields() const override {
    BatchFields fields = SuperResolutionRecipe::fields();
    fields.hr = fields.hr || parts_.lpips;
    return fields;
  }

  at::Tensor predict(const Batch& batch) const override {
    return parts_.network->sample_rollout(batch.lq, picture_noise(batch));
  }

 private:
  const Denoiser denoiser_;
};

}  // namespace

std::unique_ptr<Recipe> make_resshift_recipe(SuperResolutionParts parts) {
  return std::make_unique<ResShiftRecipe>(std::move(parts));
}

std::unique_ptr<Recipe> make_resshift(const RecipeContext& context) {
  const TrainConfig& config = context.config;
  // Before the networks: what is missing is said at once.
  const auto lpips = read_lpips_loss({.trunk = LpipsTrunk::kVgg,  // as in the published trainer
                                      .weight = config.resshift.lambda_lpips,
                                      .setting = "resshift.lambda_lpips",
                                      .side = hr_side(context)},
                                     config.weights, context.device, context.log);
  SuperResolutionParts parts = make_parts(method_named("resshift"), context);
  parts.lpips = lpips;
  return make_resshift_recipe(std::move(parts));
}

}  // namespace samsr
