#include "train/recipes/distillation.h"

#include <torch/torch.h>

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "diffusion/rollout.h"
#include "models/layers/autocast.h"
#include "train/losses/hsd_loss.h"
#include "train/losses/image_losses.h"

namespace samsr {
namespace {

/// L_SC, of whichever answer it looks at.
DistillLoss semantic_entry(SemanticLoss& semantic) {
  const bool from_gt = semantic.from_gt();
  const bool counts = semantic.weight() == 0;
  const auto values = [&semantic, from_gt, counts](const DistillAnswers& a) -> at::Tensor {
    if (!semantic.is_due(a.batch)) {
      return {};
    }
    if (!semantic.needs_image()) {
      return semantic.of(from_gt ? a.latent.x0_from_gt : a.latent.x0, a.step.z_0);
    }
    // A count has no gradient, so pictures that nothing has decoded yet are decoded without one, in full precision.
    const at::AutoGradMode with_gradient(!counts && at::GradMode::is_enabled());
    const std::optional<Autocast> plain =
        counts ? std::optional<Autocast>(std::in_place, a.step.z_0.device(), false) : std::nullopt;
    return semantic.of(from_gt ? a.image_from_gt() : a.image(), a.truth());
  };
  return {"semantic", semantic.weight(),      from_gt ? Answer::kFromGt : Answer::kOneStep,
          false,      semantic.needs_image(), counts,
          values};
}

/// TAD-SR's score distillation. `parts` and `teacher` outlive it.
DistillLoss hsd_entry(const SuperResolutionParts& parts, const Denoiser& teacher) {
  const auto values = [&parts, &teacher](const DistillAnswers& a) {
    TORCH_CHECK(parts.teacher, "the loss hsd needs the teacher itself");
    const HsdSettings& settings = parts.distill.hsd;
    const at::Tensor steps = parts.draws.steps(a.batch, "hsd", settings.steps);
    const at::Tensor noise = parts.draws.noise(a.batch, "hsd", a.step.z_y.sizes().slice(1), settings.noise);
    return hsd_loss(a.latent.x0,
                    score_difference(parts.teacher->diffusion(), teacher, a.latent.x0, a.step.teacher_x0, a.step.z_y,
                                     a.step.lq, steps, noise, settings.input_scaling == "twice"));
  };
  return {"hsd", parts.distill.lambda_hsd, Answer::kOneStep, true, false, false, values};
}

/// The losses of the settings. A new one is a line here, a function, and a setting.
std::vector<DistillLoss> loss_table(const SuperResolutionParts& parts, const Denoiser& teacher) {
  using Answers = const DistillAnswers&;
  const DistillSettings& weights = parts.distill;
  const bool image = weights.space == "image";
  // name, weight, what it looks at, needs the teacher, needs images, for the log alone, function
  std::vector<DistillLoss> table{
      {"distill", weights.lambda_distill, Answer::kOneStep, true, image, false,
       [image](Answers a) {
         return image ? mean_square_error(a.image(), a.teacher_image())
                      : mean_square_error(a.latent.x0, a.step.teacher_x0);
       }},
      {"inverse", weights.lambda_inverse, Answer::kInverse, true, false, false,
       [](Answers a) { return mean_square_error(a.latent.x_T, a.step.x_T); }},
      {"gt", weights.lambda_gt, Answer::kFromGt, false, image, false,
       [image](Answers a) {
         return image ? mean_square_error(a.image_from_gt(), a.batch.hr)
                      : mean_square_error(a.latent.x0_from_gt, a.step.z_0);
       }},
      {"truth", weights.lambda_truth, Answer::kOneStep, false, image, false,
       [image](Answers a) {
         return image ? mean_square_error(a.image(), a.batch.hr) : mean_square_error(a.latent.x0, a.step.z_0);
       }},
      {"l1", weights.lambda_l1, Answer::kOneStep, false, true, false,
       [](Answers a) { return absolute_loss(a.image(), a.truth()); }},
      {"structure", weights.lambda_structure, Answer::kOneStep, false, true, false,
       [](Answers a) { return structure_loss(a.image(), a.truth()); }},
      {"gradient", weights.lambda_gradient, Answer::kOneStep, false, true, false,
       [](Answers a) { return gradient_loss(a.image(), a.truth()); }},
      {"texture", weights.lambda_texture, Answer::kOneStep, false, true, false,
       [](Answers a) { return texture_loss(a.image(), a.truth()); }},
      {"hfp", weights.lambda_hfp, Answer::kOneStep, false, true, false,
       [hfp = parts.hfp](Answers a) { return high_frequency_loss(a.image(), a.truth(), hfp); }},
      {"ess", weights.lambda_ess, Answer::kOneStep, false, true, false,
       [ess = parts.ess](Answers a) { return ess->of(a.image(), a.truth()); }},
      {"lpips", weights.lambda_lpips, Answer::kOneStep, false, true, false,
       [lpips = parts.lpips](Answers a) { return lpips->of(a.image(), a.truth()); }},
      {"perceptual", weights.lambda_perceptual, Answer::kOneStep, false, true, false,
       [perceptual = parts.perceptual](Answers a) { return perceptual->of(a.image(), a.truth()); }},
      hsd_entry(parts, teacher),
  };
  if (parts.semantic) {
    table.push_back(semantic_entry(*parts.semantic));
  }
  return table;
}

}  // namespace

const at::Tensor& DistillAnswers::decoded(at::Tensor& image, const at::Tensor& of) const {
  if (!image.defined()) {
    image = decode_latents(first_stage_, of, decoding_);
  }
  return image;
}

const at::Tensor& DistillAnswers::image() const { return decoded(image_, latent.x0); }

const at::Tensor& DistillAnswers::image_from_gt() const { return decoded(image_from_gt_, latent.x0_from_gt); }

const at::Tensor& DistillAnswers::teacher_image() const {
  const torch::NoGradGuard no_grad;
  return decoded(teacher_image_, step.teacher_x0);
}

const at::Tensor& DistillAnswers::truth() const {
  return first_stage_.lossless() ? decoded(truth_, step.z_0) : batch.hr;
}

DistillRecipe::DistillRecipe(SuperResolutionParts parts, std::vector<DistillLoss> more)
    : SuperResolutionRecipe(std::move(parts)),
      student_(training_denoiser(parts_, *parts_.network)),
      teacher_(parts_.teacher ? training_denoiser(parts_, *parts_.teacher) : Denoiser()),
      losses_(loss_table(parts_, teacher_)) {
  losses_.insert(losses_.end(), more.begin(), more.end());
  TORCH_CHECK(parts_.distill.lambda_ess == 0 || parts_.ess, "distill.lambda_ess without its network");
  TORCH_CHECK(parts_.distill.lambda_lpips == 0 || parts_.lpips, "distill.lambda_lpips without its network");
  TORCH_CHECK(parts_.distill.lambda_perceptual == 0 || parts_.perceptual,
              "distill.lambda_perceptual without its network");
  if (std::ranges::all_of(losses_, [](const DistillLoss& loss) { return loss.weight == 0; })) {
    throw UserError("all weights of losses are 0 (distill.lambda_*, semantic.lambda): the student would learn nothing");
  }
  std::erase_if(losses_, [](const DistillLoss& loss) { return loss.weight == 0 && !loss.log_only; });
}

BatchFields DistillRecipe::fields() const {
  BatchFields fields = SuperResolutionRecipe::fields();
  const bool images = std::ranges::any_of(losses_, &DistillLoss::needs_image);
  fields.hr = fields.hr || parts_.distill.space == "image" || (images && !parts_.network->first_stage().lossless());
  fields.rollout = needs_teacher() && (!parts_.teacher || uses_cached_rollouts());
  return fields;
}

bool DistillRecipe::needs_teacher() const { return std::ranges::any_of(losses_, &DistillLoss::needs_teacher); }

DistillPasses DistillRecipe::passes() const {
  const auto asked = [&](Answer answer) {
    return std::ranges::any_of(losses_, [&](const DistillLoss& loss) { return loss.looks_at == answer; });
  };
  return {.x0 = asked(Answer::kOneStep), .x_T = asked(Answer::kInverse), .x0_from_gt = asked(Answer::kFromGt)};
}

at::Tensor DistillRecipe::one_step_prediction(const Batch& batch) const {
  const DistillStart from = start(batch, parts_.noise(batch, batch.z_y.sizes().slice(1)));
  const DistillBatch step{batch.z_0, batch.z_y, batch.lq, from.x_T, {}};
  return predictions(step, batch, {.x_T = false, .x0_from_gt = false}).x0;
}

DistillPredictions DistillRecipe::predictions(const DistillBatch& step, const Batch&,
                                              const DistillPasses& passes) const {
  return distill_predictions(parts_.network->diffusion(), student_, step, passes, parts_.train.checkpoint_activations);
}

DistillAnswers DistillRecipe::answers(DistillPredictions predictions, const DistillBatch& compared,
                                      const Batch& whole) const {
  return {
      std::move(predictions),
      compared,
      whole,
      parts_.network->first_stage(),
      {.quantised = parts_.distill.decode == "straight_through", .recomputed = parts_.train.checkpoint_activations}};
}

RecipeLosses DistillRecipe::losses(const Batch& batch, const Move&) {
  const DistillStart from = start(batch, parts_.noise(batch, batch.z_y.sizes().slice(1)));
  const DistillBatch step{batch.z_0, batch.z_y, batch.lq, from.x_T,
                          needs_teacher() ? teacher_x0(from, batch) : at::Tensor()};
  const DistillAnswers found = answers(predictions(step, batch, passes()), step, batch);
  RecipeLosses losses;
  for (const at::Tensor& prediction : {found.latent.x0, found.latent.x_T, found.latent.x0_from_gt}) {
    if (prediction.defined()) {
      losses.predictions.push_back(prediction);
    }
  }
  for (const DistillLoss& loss : losses_) {
    if (const at::Tensor values = loss.values(found); values.defined()) {
      losses.add(loss.name, loss.weight, values);
    }
  }
  return losses;
}

at::Tensor DistillRecipe::teacher_x0(const DistillStart& from, const Batch& batch) const {
  if (batch.x0.defined()) {
    return batch.x0;
  }
  TORCH_CHECK(parts_.teacher, "distillation needs a teacher or its rollouts");
  const StepTimer::Span span(parts_.timer, StepPhase::kRollout);
  return rollout(parts_.teacher->diffusion(), teacher_, from.teacher_process, from.teacher_x_T, batch.z_y, batch.lq);
}

}  // namespace samsr
