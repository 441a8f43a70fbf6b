#include "diffusion/distillation.h"

#include <torch/torch.h>

#include "diffusion/sam_noise.h"

namespace samsr {
namespace {

at::Tensor mean_square(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK(a.sizes() == b.sizes(), "distillation: ", a.sizes(), " compared with ", b.sizes());
  return (a - b).square().mean({1, 2, 3});
}

}  // namespace

DistillStart sinsr_start(const Schedule& schedule, const at::Tensor& z_y, const at::Tensor& noise) {
  Process process(schedule);
  const at::Tensor x_T = process.prior(z_y, noise);
  return {x_T, x_T, std::move(process)};
}

DistillStart samsr_start(const Schedule& schedule, const SamSettings& settings, const at::Tensor& z_y,
                         const at::Tensor& coverage, const at::Tensor& sam_noise) {
  Process process(schedule, coverage, settings);
  const at::Tensor x_T = process.prior(z_y, sam_noise);
  if (!settings.released()) {
    return {x_T, x_T, std::move(process)};
  }
  Process plain(schedule);
  const at::Tensor teacher_x_T = plain.prior(z_y, sam_noise);
  return {x_T, teacher_x_T, std::move(plain)};
}

DistillStart distill_start(const Schedule& schedule, const SamSettings& settings, const at::Tensor& z_y,
                           const at::Tensor& noise, const std::optional<at::Tensor>& coverage) {
  if (!coverage) {
    return sinsr_start(schedule, z_y, noise);
  }
  const at::Tensor counts = coverage_at(*coverage, z_y.size(2), z_y.size(3));
  return samsr_start(schedule, settings, z_y, counts, coverage_noise(counts, noise, settings));
}

DistillPredictions distill_predictions(const Diffusion& diffusion, const Denoiser& student, const DistillBatch& batch,
                                       bool one_by_one) {
  const std::int64_t size = batch.z_y.size(0);
  const std::int64_t last = diffusion.schedule().last();
  const at::Tensor first_steps = steps_of(0, size, batch.z_y.device());
  const at::Tensor last_steps = steps_of(last, size, batch.z_y.device());
  const auto scaled = [&](const at::Tensor& x) { return diffusion.scale_input(x, last); };

  at::Tensor x_T_of_gt;
  {
    const torch::NoGradGuard no_grad;
    x_T_of_gt = diffusion.predict(student, scaled(batch.z_0), first_steps, batch.z_y, batch.lq);
  }
  if (one_by_one) {
    const auto predict = [&](const at::Tensor& x, const at::Tensor& steps) {
      return diffusion.predict(student, scaled(x), steps, batch.z_y, batch.lq);
    };
    return {predict(batch.x_T, last_steps), predict(batch.teacher_x0, first_steps), predict(x_T_of_gt, last_steps)};
  }
  const at::Tensor predicted =
      diffusion.predict(student, at::cat({scaled(batch.x_T), scaled(batch.teacher_x0), scaled(x_T_of_gt)}),
                        at::cat({last_steps, first_steps, last_steps}), batch.z_y.repeat({3, 1, 1, 1}),
                        batch.lq.repeat({3, 1, 1, 1}));
  const auto parts = predicted.chunk(3);
  return {parts[0], parts[1], parts[2]};
}

DistillLosses latent_losses(const DistillPredictions& predictions, const DistillBatch& batch) {
  return {mean_square(predictions.x0, batch.teacher_x0), mean_square(predictions.x_T, batch.x_T),
          mean_square(predictions.x0_from_gt, batch.z_0)};
}

ImageDistillLosses image_losses(const DistillPredictions& predictions, const DistillBatch& batch,
                                const at::Tensor& hr, const FirstStage& first_stage) {
  at::Tensor target;
  {
    const torch::NoGradGuard no_grad;
    target = first_stage.decode(batch.teacher_x0);
  }
  const at::Tensor image_from_gt = first_stage.decode(predictions.x0_from_gt);
  return {{mean_square(first_stage.decode(predictions.x0), target), mean_square(predictions.x_T, batch.x_T),
           mean_square(image_from_gt, hr)},
          image_from_gt};
}

}  // namespace samsr
