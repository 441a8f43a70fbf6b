#include "train/recipes/distillation.h"

#include <torch/torch.h>

#include "core/error.h"
#include "diffusion/rollout.h"
#include "train/losses/image_losses.h"

namespace samsr {

DistillRecipe::DistillRecipe(const RecipeParts& parts) : parts_(parts), student_(denoiser_of(parts.network.unet())) {
  if (parts.teacher != nullptr) {
    teacher_ = denoiser_of(parts.teacher->unet());
  }
  const DistillSettings& distill = parts.distill;
  const double weights = distill.lambda_distill + distill.lambda_inverse + distill.lambda_gt + distill.lambda_truth +
                         distill.lambda_structure + distill.lambda_gradient + distill.lambda_texture +
                         (parts.semantic == nullptr ? 0 : parts.semantic->weight());
  if (weights == 0) {
    throw UserError("all weights of losses are 0 (distill.lambda_*, semantic.lambda): the student would learn nothing");
  }
}

BatchFields DistillRecipe::fields() const {
  const bool details_from_hr = parts_.distill.details() && !parts_.network.first_stage().lossless();
  return {.hr = parts_.distill.space == "image" || details_from_hr ||
                (parts_.semantic != nullptr && parts_.semantic->needs_hr()),
          .rollout = parts_.teacher == nullptr && needs_teacher()};
}

bool DistillRecipe::needs_teacher() const {
  return parts_.distill.lambda_distill > 0 || parts_.distill.lambda_inverse > 0;
}

DistillPasses DistillRecipe::passes() const {
  const DistillSettings& distill = parts_.distill;
  const bool semantic_from_gt = parts_.semantic != nullptr && parts_.semantic->from_gt();
  const bool semantic_one_step = parts_.semantic != nullptr && !parts_.semantic->from_gt();
  return {.x0 = distill.lambda_distill > 0 || distill.lambda_truth > 0 || distill.details() || semantic_one_step,
          .x_T = distill.lambda_inverse > 0,
          .x0_from_gt = distill.lambda_gt > 0 || semantic_from_gt};
}

RecipeLosses DistillRecipe::losses(const Batch& batch) {
  const DistillStart from = start(batch, parts_.noise(batch, batch.z_y.sizes().slice(1)));
  const DistillBatch step{batch.z_0, batch.z_y, batch.lq, from.x_T,
                          needs_teacher() ? teacher_x0(from, batch) : at::Tensor()};
  const DistillPredictions predictions =
      distill_predictions(parts_.network.diffusion(), student_, step, passes(), parts_.train.checkpoint_activations);
  const ImageDistillLosses compared =
      parts_.distill.space == "image"
          ? image_losses(predictions, step, batch.hr, decoder_of(parts_.network.first_stage()))
          : ImageDistillLosses{latent_losses(predictions, step), /*image=*/{}, /*image_from_gt=*/{}};
  RecipeLosses losses{at::zeros({batch.z_y.size(0)}, batch.z_y.options().dtype(at::kFloat)), {}};
  add("distill", parts_.distill.lambda_distill, compared.losses.distill, losses);
  add("inverse", parts_.distill.lambda_inverse, compared.losses.inverse, losses);
  add("gt", parts_.distill.lambda_gt, compared.losses.gt, losses);
  add_truth_losses({predictions.x0, compared.image}, batch, losses);
  if (parts_.semantic != nullptr) {
    const DecodedPrediction seen = parts_.semantic->from_gt()
                                       ? DecodedPrediction{predictions.x0_from_gt, compared.image_from_gt}
                                       : DecodedPrediction{predictions.x0, compared.image};
    // A count of masks has no gradient and is logged only.
    add("semantic", parts_.semantic->weight(), parts_.semantic->of(seen, batch), losses, /*logged_at_zero=*/true);
  }
  return losses;
}

void DistillRecipe::add(const char* name, double weight, const at::Tensor& loss, RecipeLosses& losses,
                        bool logged_at_zero) {
  if (!loss.defined() || (weight == 0 && !logged_at_zero)) {
    return;
  }
  if (weight > 0) {
    losses.total = losses.total + weight * loss;
  }
  losses.terms.emplace_back(name, loss);
}

void DistillRecipe::add_truth_losses(const DecodedPrediction& prediction, const Batch& batch,
                                     RecipeLosses& losses) const {
  const DistillSettings& distill = parts_.distill;
  const FirstStage& first_stage = parts_.network.first_stage();
  if (distill.lambda_truth > 0) {
    const at::Tensor error =
        distill.space == "image" ? predicted_image(prediction, first_stage) - batch.hr : prediction.latent - batch.z_0;
    add("truth", distill.lambda_truth, error.square().mean({1, 2, 3}), losses);
  }
  if (!distill.details()) {
    return;
  }
  const at::Tensor image = predicted_image(prediction, first_stage);
  const at::Tensor truth = hr_image(batch, first_stage);
  if (distill.lambda_structure > 0) {
    add("structure", distill.lambda_structure, structure_loss(image, truth), losses);
  }
  if (distill.lambda_gradient > 0) {
    add("gradient", distill.lambda_gradient, gradient_loss(image, truth), losses);
  }
  if (distill.lambda_texture > 0) {
    add("texture", distill.lambda_texture, texture_loss(image, truth), losses);
  }
}

at::Tensor DistillRecipe::teacher_x0(const DistillStart& from, const Batch& batch) const {
  if (batch.x0.defined()) {
    return batch.x0;
  }
  TORCH_CHECK(parts_.teacher != nullptr, "distillation needs a teacher or its rollouts");
  const StepTimer::Span span(parts_.timer, StepPhase::kRollout);
  return rollout(parts_.teacher->diffusion(), teacher_, from.teacher_process, from.teacher_x_T, batch.z_y, batch.lq);
}

}  // namespace samsr
