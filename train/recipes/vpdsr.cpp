// VPD-SR-style: one-step distillation with supervision by CLIP, of high frequencies, and by a discriminator, as far as
// VPD-SR's abstract says (docs/method.md, VPD-SR-style; arXiv 2506.02605). All else is related practice or our choice,
// and a setting: vpdsr_origins(), which `samsr train --describe` prints.

#include "core/error.h"
#include "train/recipes/adversarial_recipe.h"
#include "train/recipes/setting_origin.h"
#include "train/recipes/student_recipe.h"

namespace samsr {
namespace {

using enum Origin;

constexpr SettingOrigin kOrigins[] = {
    {"distill.lambda_distill", kPublished, "a distillation loss; its weight is SinSR's"},
    {"distill.lambda_ess", kPublished, "semantic supervision by CLIP (ESS); its weight is our choice"},
    {"ess.mode", kOurs,
     "which of CLIP's features are compared is not known; the HR image is the reference, not the "
     "teacher's"},
    {"ess.patch", kOurs, "CLIP's variant is not known; CLIPIQA is a CLIP too, so report another metric beside it"},
    {"distill.lambda_hfp", kPublished, "a loss of high frequencies (HFP); its weight is our choice"},
    {"hfp.filter", kOurs, "neither the operator nor the space that it works in is known"},
    {"hfp.radius", kOurs, ""},
    {"hfp.levels", kOurs, ""},
    {"hfp.sigma", kOurs, ""},
    {"hfp.eps", kOurs, ""},
    {"distill.lambda_adversarial", kPublished, "adversarial training; its weight is TAD-SR's"},
    {"discriminator.sees", kRelated, "TAD-SR's discriminator, of the same laboratory"},
    {"discriminator.loss", kRelated, "TAD-SR's"},
    {"discriminator.start", kRelated, "from the first step, as TAD-SR's"},
    {"discriminator.lr", kRelated, "TAD-SR's, constant"},
    {"distill.decode", kRelated, "images by way of the nearest codes, as SinSR's losses of images and as upscaling"},
    {"distill.lambda_inverse", kOurs, "SinSR's further losses are left out"},
    {"distill.lambda_gt", kOurs, ""},
    {"samsr.mask_noise", kOurs, "plain noise; true: SAMSR's, which the abstract does not have"},
    {"diffusion.steps", kRelated, "the teacher is ResShift's of SinSR and TAD-SR"},
    {"degradation.kind", kRelated, "with ResShift's strengths, as SinSR and TAD-SR train"},
    {"train.steps", kRelated, "TAD-SR's"},
    {"train.global_batch", kRelated, "TAD-SR's"},
    {"train.lr", kRelated, "TAD-SR's"},
    {"train.ema_rate", kRelated, "TAD-SR's"},
};

}  // namespace

std::span<const SettingOrigin> vpdsr_origins() { return kOrigins; }

std::unique_ptr<Recipe> make_vpdsr_recipe(SuperResolutionParts parts) {
  return make_student_recipe(method_named("vpdsr"), std::move(parts));
}

std::unique_ptr<Recipe> make_vpdsr(const RecipeContext& context) {
  const DistillSettings& distill = context.config.distill;
  if (distill.lambda_ess == 0 && distill.lambda_hfp == 0 && distill.lambda_perceptual == 0 &&
      distill.lambda_lpips == 0) {
    throw UserError(
        "train.recipe=vpdsr has none of its losses: set distill.lambda_ess or distill.lambda_hfp "
        "(configs/vpdsr_x4.yaml)"
        ", or distill.lambda_perceptual or distill.lambda_lpips in the place of CLIP");
  }
  return make_vpdsr_recipe(make_student_parts(method_named("vpdsr"), context));
}

}  // namespace samsr
