#include "train/example/critic_recipe.h"

#include <torch/torch.h>

#include "train/example/latent_critic.h"

namespace samsr::testing {
namespace {

constexpr std::size_t kStudent = 0;
constexpr std::size_t kCritic = 1;
constexpr double kAdversarialWeight = 0.05;
constexpr std::int64_t kWidth = 8;

class CriticRecipe final : public DistillRecipe {
 public:
  explicit CriticRecipe(SuperResolutionParts parts)
      : DistillRecipe(std::move(parts)), critic_(parts_.network->first_stage().channels(), kWidth) {
    add_trainable({"critic", critic_.get(), /*average=*/nullptr, parts_.train.optimizer});
  }

  std::vector<Move> moves(std::int64_t) const override {
    return {{.trainable = kCritic, .fresh_batch = true}, {.trainable = kStudent, .fresh_batch = false}};
  }

  RecipeLosses losses(const Batch& batch, const Move& move) override {
    if (move.trainable == kStudent) {
      RecipeLosses losses = DistillRecipe::losses(batch, move);
      losses.add("adversarial", kAdversarialWeight, -critic_(losses.predictions.front()).mean({1, 2, 3}));
      return losses;
    }
    at::Tensor fake;
    {
      const torch::NoGradGuard no_grad;
      fake = one_step_prediction(batch);
    }
    RecipeLosses losses;
    losses.add("hinge", 1, (at::relu(1 - critic_(batch.z_0)) + at::relu(1 + critic_(fake))).mean({1, 2, 3}));
    return losses;
  }

  TensorFile file(std::size_t trainable, TensorFile weights) const override {
    return trainable == kStudent ? DistillRecipe::file(trainable, std::move(weights)) : weights;
  }

 private:
  DistillStart start(const Batch& batch, const at::Tensor& noise) const override {
    return sinsr_start(parts_.network->diffusion().schedule(), batch.z_y, noise);
  }

  LatentCritic critic_;
};

}  // namespace

std::unique_ptr<Recipe> make_critic_recipe(SuperResolutionParts parts) {
  return std::make_unique<CriticRecipe>(std::move(parts));
}

std::unique_ptr<Recipe> make_critic(const RecipeContext& context) {
  return make_critic_recipe(make_parts(method_named("sinsr"), context));
}

}  // namespace samsr::testing
