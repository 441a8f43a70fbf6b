#include "train/distill_recipe.h"

#include <torch/torch.h>

#include "diffusion/rollout.h"

namespace samsr {

DistillRecipe::DistillRecipe(const RecipeParts& parts)
    : parts_(parts), student_(denoiser_of(parts.network.unet())) {
  if (parts.teacher != nullptr) {
    teacher_ = denoiser_of(parts.teacher->unet());
  }
}

BatchFields DistillRecipe::fields() const {
  return {.hr = parts_.distill.space == "image" || (parts_.semantic != nullptr && parts_.semantic->needs_hr()),
          .rollout = parts_.teacher == nullptr};
}

RecipeLosses DistillRecipe::losses(const Batch& batch) {
  const DistillStart from = start(batch, parts_.noise(batch, batch.z_y.sizes().slice(1)));
  const DistillBatch step{batch.z_0, batch.z_y, batch.lq, from.x_T, teacher_x0(from, batch)};
  const DistillPredictions predictions = distill_predictions(parts_.network.diffusion(), student_, step,
                                                              parts_.train.checkpoint_activations);
  const ImageDistillLosses compared =
      parts_.distill.space == "image"
          ? image_losses(predictions, step, batch.hr, parts_.network.first_stage())
          : ImageDistillLosses{latent_losses(predictions, step), /*image_from_gt=*/{}};
  const DistillLosses& each = compared.losses;
  RecipeLosses losses;
  losses.total = parts_.distill.lambda_distill * each.distill + parts_.distill.lambda_inverse * each.inverse +
                 parts_.distill.lambda_gt * each.gt;
  losses.terms = {{"distill", each.distill}, {"inverse", each.inverse}, {"gt", each.gt}};
  if (parts_.semantic != nullptr) {
    add_semantic_loss({predictions.x0_from_gt, compared.image_from_gt}, batch, losses);
  }
  return losses;
}

at::Tensor DistillRecipe::teacher_x0(const DistillStart& from, const Batch& batch) const {
  if (batch.x0.defined()) {
    return batch.x0;
  }
  TORCH_CHECK(parts_.teacher != nullptr, "distillation needs a teacher or its rollouts");
  const StepTimer::Span span(parts_.timer, StepPhase::kRollout);
  return rollout(parts_.teacher->diffusion(), teacher_, from.teacher_process, from.teacher_x_T, batch.z_y, batch.lq);
}

void DistillRecipe::add_semantic_loss(const SemanticPrediction& prediction, const Batch& batch,
                                      RecipeLosses& losses) const {
  const at::Tensor semantic = parts_.semantic->of(prediction, batch);
  if (!semantic.defined()) {
    return;
  }
  if (parts_.semantic->weight() > 0) {
    losses.total = losses.total + parts_.semantic->weight() * semantic;
  }
  losses.terms.emplace_back("semantic", semantic);
}

}  // namespace samsr
