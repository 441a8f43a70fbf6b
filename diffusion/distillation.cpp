#include "diffusion/distillation.h"

#include <torch/torch.h>

#include "diffusion/coverage.h"

namespace samsr {

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

at::Tensor samsr_start(const Schedule& schedule, const SamSettings& settings, const at::Tensor& z_y,
                       const at::Tensor& coverage, const at::Tensor& noise, const SamStatistics& statistics) {
  return Process(schedule, coverage, statistics.largest, settings)
      .prior(z_y, coverage_noise(coverage, noise, statistics, settings));
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
                                       const DistillPasses& passes, bool one_by_one) {
  const std::int64_t size = batch.z_y.size(0);
  const std::int64_t last = diffusion.schedule().last();
  const at::Tensor first_steps = steps_of(0, size, batch.z_y.device());
  const at::Tensor last_steps = steps_of(last, size, batch.z_y.device());
  const auto scaled = [&](const at::Tensor& x) { return diffusion.scale_input(x, last); };

  DistillPredictions predictions;
  std::vector<at::Tensor*> answers;
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> steps;
  const auto ask = [&](at::Tensor& answer, const at::Tensor& x, const at::Tensor& at_steps) {
    answers.push_back(&answer);
    inputs.push_back(scaled(x));
    steps.push_back(at_steps);
  };
  if (passes.x0) {
    ask(predictions.x0, batch.x_T, last_steps);
  }
  if (passes.x_T) {
    ask(predictions.x_T, batch.teacher_x0, first_steps);
  }
  if (passes.x0_from_gt) {
    const torch::NoGradGuard no_grad;
    ask(predictions.x0_from_gt, diffusion.predict(student, scaled(batch.z_0), first_steps, batch.z_y, batch.lq),
        last_steps);
  }
  TORCH_CHECK(!answers.empty(), "distillation: no answer of the student is asked for");
  if (one_by_one) {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      *answers[i] = diffusion.predict(student, inputs[i], steps[i], batch.z_y, batch.lq);
    }
    return predictions;
  }
  const auto count = static_cast<std::int64_t>(answers.size());
  const auto parts = diffusion
                         .predict(student, at::cat(inputs), at::cat(steps), batch.z_y.repeat({count, 1, 1, 1}),
                                  batch.lq.repeat({count, 1, 1, 1}))
                         .chunk(count);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    *answers[i] = parts[i];
  }
  return predictions;
}

at::Tensor mean_square_error(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK(a.sizes() == b.sizes(), "mean_square_error: ", a.sizes(), " against ", b.sizes());
  return (a - b).square().mean({1, 2, 3});
}

}  // namespace samsr
