#pragma once

#include "diffusion/distillation.h"
#include "train/recipe.h"

namespace samsr {

/// What SinSR and SAMSR share: the teacher's rollout from the start of the process - computed here, or the batch's -
/// and the three losses. They differ in the start alone.
class DistillRecipe : public Recipe {
 public:
  explicit DistillRecipe(const RecipeParts& parts);

  RecipeLosses losses(const Batch& batch) final;
  bool needs_hr() const final { return parts_.distill.space == "image"; }

 protected:
  /// noise (B,C,h,w): standard normal, a function of (seed, position), or that of the kept rollout.
  virtual DistillStart start(const Batch& batch, const at::Tensor& noise) const = 0;

  const RecipeParts parts_;

 private:
  const Denoiser student_;
  Denoiser teacher_;  ///< empty without a teacher
};

}  // namespace samsr
