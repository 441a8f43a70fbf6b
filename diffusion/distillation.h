#pragma once
// Distillation of the T-step teacher into a one-step student (docs/method.md, "SinSR" and "SAMSR: Algorithm 1").
// Latents are (B,C,h,w), lq (B,3,H,W) RGB in [-1,1].

#include <ATen/core/Tensor.h>

#include <optional>

#include "diffusion/diffusion.h"
#include "diffusion/process.h"
#include "diffusion/sam_noise.h"

namespace samsr {

/// Where student and teacher start from, and the process of the teacher's rollout.
struct DistillStart {
  at::Tensor x_T;          ///< the student's
  at::Tensor teacher_x_T;  ///< the teacher's; another one in the variant `released` only
  Process teacher_process;
};

/// SinSR: plain noise (B,C,h,w), plain process.
DistillStart sinsr_start(const Schedule& schedule, const at::Tensor& z_y, const at::Tensor& noise);

/// SAMSR: sam_noise (B,C,h,w) from coverage_noise or mask_noise, coverage (B,1,h,w). Variant `paper`: student and
/// teacher share x_T, and the teacher's rollout is the per-pixel process. Variant `released`: the teacher has the
/// plain process.
DistillStart samsr_start(const Schedule& schedule, const SamSettings& settings, const at::Tensor& z_y,
                         const at::Tensor& coverage, const at::Tensor& sam_noise);

/// x_T of a student for a piece of a picture: coverage (1,1,h,w), plain noise (1,C,h,w), statistics of the whole.
at::Tensor samsr_start(const Schedule& schedule, const SamSettings& settings, const at::Tensor& z_y,
                       const at::Tensor& coverage, const at::Tensor& noise, const SamStatistics& statistics);

/// The start of the recipe at hand from plain noise (B,C,h,w): with the coverage of the LR image (B,1,H,W), SAMSR's
/// with noise in its coverage form; without, SinSR's.
DistillStart distill_start(const Schedule& schedule, const SamSettings& settings, const at::Tensor& z_y,
                           const at::Tensor& noise, const std::optional<at::Tensor>& coverage);

/// What a distillation step compares.
struct DistillBatch {
  at::Tensor z_0;  ///< latent of the HR image
  at::Tensor z_y;  ///< latent of the LR image
  at::Tensor lq;
  at::Tensor x_T;  ///< start of the student
  at::Tensor
      teacher_x0;  ///< result of the teacher's rollout from its start, now or cached; undefined where no pass asks
};

/// The student's answers; s is the input scaling of step T-1 in all of them. Those that were not asked for are
/// undefined.
struct DistillPredictions {
  at::Tensor x0;          ///< f(s(x_T), T-1)
  at::Tensor x_T;         ///< f(s(x̂_0), 0), x̂_0 the teacher's
  at::Tensor x0_from_gt;  ///< f(s(x̂_T), T-1), x̂_T = f(s(z_0), 0) without gradient
};

/// Which answers are asked for: each is a pass of the student, the last one two.
struct DistillPasses {
  bool x0 = true;
  bool x_T = true;
  bool x0_from_gt = true;
};

/// Passes of the student: one without gradient of B samples, then one of up to 3B; or, with `one_by_one`, up to three
/// of B, which take longer and whose backward pass needs a third of the memory for what it computes again.
DistillPredictions distill_predictions(const Diffusion& diffusion, const Denoiser& student, const DistillBatch& batch,
                                       const DistillPasses& passes = {}, bool one_by_one = false);

/// ‖a - b‖², mean over everything but the batch: (B). The form of every loss of the distillation: of x0 against
/// teacher_x0, of the predicted x_T against x_T, of x0_from_gt against z_0.
at::Tensor mean_square_error(const at::Tensor& a, const at::Tensor& b);

}  // namespace samsr
