#include "train/recipes/coverage_lesson.h"

#include <torch/torch.h>

#include "diffusion/coverage.h"

namespace samsr {

CoverageLesson coverage_lesson(const Batch& batch, const CoverageNetInput& input) {
  CoverageLesson lesson;
  lesson.pictures =
      input.latent ? at::cat({batch.z_0, batch.z_y}) : at::cat({batch.hr, enlarge_bicubic(batch.lq, input.fold)});
  lesson.weights = semantic_weight(at::cat({batch.coverage_hr, batch.coverage}));
  return lesson;
}

BatchFields lesson_fields(const CoverageNetInput& input) {
  return {.latents = input.latent, .hr = !input.latent, .coverage_hr = true};
}

at::Tensor lesson_errors(const CoverageLesson& lesson, const at::Tensor& answer) {
  return (answer - lesson.weights).square().mean({1, 2, 3}).reshape({2, -1});
}

}  // namespace samsr
