#include "train/distill_recipe.h"

#include <torch/torch.h>

#include "diffusion/noise.h"
#include "diffusion/rollout.h"
#include "train/noise.h"

namespace samsr {

DistillRecipe::DistillRecipe(const RecipeParts& parts)
    : parts_(parts), student_(denoiser_of(parts.network.unet())) {
  if (parts.teacher != nullptr) {
    teacher_ = denoiser_of(parts.teacher->unet());
  }
}

RecipeLosses DistillRecipe::losses(const Batch& batch) {
  const bool kept = batch.x0.defined();
  TORCH_CHECK(kept || parts_.teacher != nullptr, "distillation needs a teacher or its rollouts");
  const at::IntArrayRef shape = batch.z_y.sizes().slice(1);
  const at::Device device = batch.z_y.device();
  const at::Tensor noise = kept ? noise_of(batch.noise_seed, shape, device)
                                : noise_at(parts_.train.seed, batch.position, shape, device);
  const DistillStart from = start(batch, noise);
  const at::Tensor teacher_x0 = kept ? batch.x0
                                     : rollout(parts_.teacher->diffusion(), teacher_, from.teacher_process,
                                               from.teacher_x_T, batch.z_y, batch.lq);
  const DistillBatch step{batch.z_0, batch.z_y, batch.lq, from.x_T, teacher_x0};
  const DistillPredictions predictions = distill_predictions(parts_.network.diffusion(), student_, step);
  const DistillLosses each =
      parts_.distill.space == "image"
          ? image_losses(predictions, step, batch.hr.to(at::kFloat) / 127.5 - 1, parts_.network.first_stage()).losses
          : latent_losses(predictions, step);
  RecipeLosses losses;
  losses.total = parts_.distill.lambda_distill * each.distill + parts_.distill.lambda_inverse * each.inverse +
                 parts_.distill.lambda_gt * each.gt;
  losses.terms = {{"distill", each.distill}, {"inverse", each.inverse}, {"gt", each.gt}};
  return losses;
}

}  // namespace samsr
