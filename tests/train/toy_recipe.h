#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "train/recipes/recipes.h"

namespace samsr::testing {

/// A recipe of a student and a critic, tiny enough to be trained in milliseconds. Each step updates the critic on two
/// fresh batches and then the student on the second of them. The student maps the mean colour of an LR picture to
/// another colour, the critic tells the two kinds of colours apart.
class ToyRecipe : public Recipe {
 public:
  static constexpr std::size_t kStudent = 0;
  static constexpr std::size_t kCritic = 1;

  explicit ToyRecipe(const RecipeContext& context);

  const std::vector<Trainable>& trainables() const override { return trainables_; }
  std::vector<Move> moves(std::int64_t step) const override;
  RecipeLosses losses(const Batch& batch, const Move& move) override;
  BatchFields fields() const override { return {.latents = false}; }
  TensorFile file(std::size_t, TensorFile weights) const override { return weights; }

  /// What losses() was called with.
  struct Call {
    std::size_t trainable;
    std::vector<std::uint64_t> positions;
    std::array<bool, 2> with_gradients;  ///< of student, of critic
    std::array<double, 2> weights;       ///< sums of the weights, of student, of critic
  };
  std::vector<Call> calls;
  /// The critic's loss of this position is not finite.
  std::optional<std::uint64_t> poisoned;

 private:
  torch::nn::Linear student_;
  torch::nn::Linear average_;
  torch::nn::Linear critic_;
  std::vector<Trainable> trainables_;
};

/// The one line that makes it train.recipe=toy.
inline constexpr std::array kToyTable{RecipeEntry{
    "toy", "a student and a critic of colours",
    [](const RecipeContext& context) -> std::unique_ptr<Recipe> { return std::make_unique<ToyRecipe>(context); }}};

}  // namespace samsr::testing
