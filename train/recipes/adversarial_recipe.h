#pragma once

#include <memory>
#include <vector>

#include "train/recipes/critic.h"
#include "train/recipes/distillation.h"

namespace samsr {

/// Distillation with a critic beside the other losses, where distill.lambda_adversarial is above 0. A step then trains
/// the discriminator, then the student against it, on the same prediction.
class AdversarialRecipe : public DistillRecipe {
 public:
  explicit AdversarialRecipe(SuperResolutionParts parts);

  std::vector<Move> moves(std::int64_t step) const override;
  void begin(std::int64_t step, const Move& move) override;
  /// UserError where no loss of the student acts yet (discriminator.start).
  RecipeLosses losses(const Batch& batch, const Move& move) override;
  /// Those of the critic too (discriminator.init).
  void load_first_weights(Log& log) override;
  TensorFile file(std::size_t trainable, TensorFile weights) const override;

 private:
  bool adversarial_acts() const { return step_ == 0 || step_ >= settings_.start; }
  /// L_adv of the student's one-step prediction; undefined before discriminator.start.
  at::Tensor adversarial(const DistillAnswers& answers);
  RecipeLosses discriminator_losses(const Batch& batch);
  std::vector<SpectralVectors> or_current(const std::vector<SpectralVectors>& vectors) const;

  const DiscriminatorSettings settings_;
  const std::unique_ptr<Critic> critic_;  ///< null where no loss asks for one
  std::int64_t step_ = 0;                 ///< of the last move that began; 0 for none
  // What each pass of a step divides by: all microbatches of a move the same.
  std::vector<SpectralVectors> of_real_;
  std::vector<SpectralVectors> of_made_;
  std::vector<SpectralVectors> of_student_;
};

/// The parts of a student of `method`. UserError also where its critic cannot look at pictures of the samples' size.
SuperResolutionParts make_student_parts(const Method& method, const RecipeContext& context);

}  // namespace samsr
