#pragma once

#include "diffusion/distillation.h"
#include "train/recipes/recipe.h"

namespace samsr {

/// What SinSR and SAMSR share: the teacher's rollout from the start of the process - computed here, or the batch's -
/// the three losses, those of the one-step prediction against the truth, and the semantic one where there is one. They
/// differ in the start alone.
class DistillRecipe : public Recipe {
 public:
  explicit DistillRecipe(const RecipeParts& parts);

  RecipeLosses losses(const Batch& batch) final;
  BatchFields fields() const final;

 protected:
  /// noise (B,C,h,w): standard normal.
  virtual DistillStart start(const Batch& batch, const at::Tensor& noise) const = 0;

  const RecipeParts parts_;

 private:
  /// True where a loss compares with the teacher's result.
  bool needs_teacher() const;
  /// The student's passes that losses of a weight need.
  DistillPasses passes() const;
  /// The teacher's result from the start: the batch's, or rolled out here.
  at::Tensor teacher_x0(const DistillStart& from, const Batch& batch) const;
  void add_truth_losses(const DecodedPrediction& prediction, const Batch& batch, RecipeLosses& losses) const;
  /// Adds the loss (B), if it is defined and has a weight, to the total and the terms.
  static void add(const char* name, double weight, const at::Tensor& loss, RecipeLosses& losses,
                  bool logged_at_zero = false);

  const Denoiser student_;
  Denoiser teacher_;  ///< empty without a teacher
};

}  // namespace samsr
