#include "train/recipes/adversarial_recipe.h"

#include <torch/torch.h>

#include "core/error.h"
#include "train/losses/adversarial.h"

namespace samsr {
namespace {

constexpr std::size_t kStudentIndex = 0;
constexpr std::size_t kDiscriminatorIndex = 1;

}  // namespace

AdversarialRecipe::AdversarialRecipe(SuperResolutionParts parts)
    : DistillRecipe(parts, {{"adversarial", parts.distill.lambda_adversarial, Answer::kOneStep, false,
                             !parts.distill.discriminator.network.sees_features(), false,
                             [this](const DistillAnswers& a) { return adversarial(a); }}}),
      settings_(parts_.distill.discriminator),
      critic_(make_critic(parts_)) {
  if (critic_) {
    add_trainable({"discriminator", &critic_->network(), /*average=*/nullptr, settings_.optimizer});
  }
}

std::vector<Move> AdversarialRecipe::moves(std::int64_t step) const {
  if (!critic_) {
    return DistillRecipe::moves(step);
  }
  return {{.trainable = kDiscriminatorIndex, .fresh_batch = true}, {.trainable = kStudentIndex, .fresh_batch = false}};
}

void AdversarialRecipe::begin(std::int64_t step, const Move& move) {
  step_ = step;
  if (!critic_) {
    return;
  }
  if (move.trainable == kDiscriminatorIndex) {
    of_real_ = critic_->network().advance();
    of_made_ = critic_->network().advance();
  } else if (adversarial_acts()) {
    of_student_ = critic_->network().advance();
  }
}

RecipeLosses AdversarialRecipe::losses(const Batch& batch, const Move& move) {
  if (move.trainable == kDiscriminatorIndex) {
    return discriminator_losses(batch);
  }
  RecipeLosses losses = DistillRecipe::losses(batch, move);
  if (!losses.total.defined()) {
    throw UserError("no loss of the student acts before step {} (discriminator.start); give another one a weight",
                    settings_.start);
  }
  return losses;
}

RecipeLosses AdversarialRecipe::discriminator_losses(const Batch& batch) {
  std::vector<at::Tensor> real;
  std::vector<at::Tensor> made;
  at::Tensor steps;
  {
    const torch::NoGradGuard no_grad;
    const DistillBatch step{batch.z_0, batch.z_y, batch.lq, {}, {}};
    DistillPredictions predictions;
    predictions.x0 = one_step_prediction(batch);
    const Shown shown = critic_->shown(answers(std::move(predictions), step, batch), /*truth_too=*/true);
    steps = shown.steps;
    for (const at::Tensor& map : shown.maps) {
      const auto parts = map.chunk(2);
      real.push_back(parts[0]);
      made.push_back(parts[1]);
    }
  }
  const at::Tensor real_logits = critic_->network().forward(real, steps, or_current(of_real_));
  const at::Tensor made_logits = critic_->network().forward(made, steps, or_current(of_made_));
  return samsr::discriminator_losses(settings_.loss, real_logits, made_logits);
}

void AdversarialRecipe::load_first_weights(Log& log) {
  DistillRecipe::load_first_weights(log);
  if (critic_) {
    samsr::load_first_weights(critic_->network(), settings_, log);
  }
}

TensorFile AdversarialRecipe::file(std::size_t trainable, TensorFile weights) const {
  return trainable == kStudentIndex ? DistillRecipe::file(trainable, std::move(weights)) : weights;
}

at::Tensor AdversarialRecipe::adversarial(const DistillAnswers& answers) {
  if (!adversarial_acts()) {
    return {};
  }
  const Shown shown = critic_->shown(answers, /*truth_too=*/false);
  return adversarial_loss(settings_.loss, critic_->network().forward(shown.maps, shown.steps, or_current(of_student_)));
}

std::vector<SpectralVectors> AdversarialRecipe::or_current(const std::vector<SpectralVectors>& vectors) const {
  return vectors.empty() ? critic_->network().vectors() : vectors;
}

SuperResolutionParts make_student_parts(const Method& method, const RecipeContext& context) {
  SuperResolutionParts parts = make_parts(method, context);
  const auto [height, width] = lr_sides(context.shards, context.config.model.scale);
  check_critic(parts, height, width);
  return parts;
}

}  // namespace samsr
