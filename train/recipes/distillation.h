#pragma once

#include <functional>
#include <vector>

#include "diffusion/distillation.h"
#include "train/recipes/decoding.h"
#include "train/recipes/super_resolution.h"

namespace samsr {

/// What the losses of a pass look at. Images are decoded when first asked for, and once.
class DistillAnswers {
 public:
  /// All but the predictions and how they are decoded outlives the answers.
  DistillAnswers(DistillPredictions predictions, const DistillBatch& compared, const Batch& whole,
                 const FirstStage& first_stage, Decoding decoding = {})
      : latent(std::move(predictions)), step(compared), batch(whole), first_stage_(first_stage), decoding_(decoding) {}

  const DistillPredictions latent;  ///< undefined where no loss looks at one
  const DistillBatch& step;
  const Batch& batch;

  /// The one-step prediction as an image (B,3,sH,sW), with its gradient.
  const at::Tensor& image() const;
  /// x0_from_gt as an image, with its gradient.
  const at::Tensor& image_from_gt() const;
  /// The teacher's result as an image, without one.
  const at::Tensor& teacher_image() const;
  /// The HR image: what a lossless first stage decodes its latent to, which needs no picture in the batch; else the
  /// batch's.
  const at::Tensor& truth() const;

 private:
  const at::Tensor& decoded(at::Tensor& image, const at::Tensor& of) const;

  const FirstStage& first_stage_;
  const Decoding decoding_;
  mutable at::Tensor image_;
  mutable at::Tensor image_from_gt_;
  mutable at::Tensor teacher_image_;
  mutable at::Tensor truth_;
};

/// The student's answers (DistillPredictions).
enum class Answer { kOneStep, kInverse, kFromGt };

/// One loss of a student.
struct DistillLoss {
  const char* name;
  double weight;
  Answer looks_at;
  bool needs_teacher;  ///< compares with the teacher's result
  bool needs_image;    ///< compares images
  bool log_only;       ///< computed although its weight is 0, because it has no gradient and is there for the log
  std::function<at::Tensor(const DistillAnswers&)> values;  ///< (B); undefined in steps that leave it out
};

/// What SinSR and SAMSR share: the teacher's rollout from the start of the process - computed here, or the batch's -
/// and a table of losses, of which those of weight 0 are not computed. They differ in the start alone.
class DistillRecipe : public SuperResolutionRecipe {
 public:
  /// `more`: losses beside those of the settings. UserError when every loss has weight 0.
  explicit DistillRecipe(SuperResolutionParts parts, std::vector<DistillLoss> more = {});

  RecipeLosses losses(const Batch& batch, const Move& move) override;
  BatchFields fields() const final;

 protected:
  /// The student's one-step prediction (B,C,h,w), which losses() gives as the first of its predictions where a loss
  /// looks at it.
  at::Tensor one_step_prediction(const Batch& batch) const;
  /// What losses look at. `compared` and `whole` outlive it.
  DistillAnswers answers(DistillPredictions predictions, const DistillBatch& compared, const Batch& whole) const;
  /// noise (B,C,h,w): standard normal.
  virtual DistillStart start(const Batch& batch, const at::Tensor& noise) const = 0;
  /// The answers that are asked for.
  virtual DistillPredictions predictions(const DistillBatch& step, const Batch& batch,
                                         const DistillPasses& passes) const;

 private:
  /// True where a loss compares with the teacher's result.
  bool needs_teacher() const;
  /// The student's passes that the losses look at.
  DistillPasses passes() const;
  /// The teacher's result from the start: the batch's, or rolled out here.
  at::Tensor teacher_x0(const DistillStart& from, const Batch& batch) const;

  const Denoiser student_;
  const Denoiser teacher_;           ///< empty without a teacher
  std::vector<DistillLoss> losses_;  ///< that are computed
};

}  // namespace samsr
