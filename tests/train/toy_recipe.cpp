#include "train/toy_recipe.h"

#include <torch/torch.h>

#include <algorithm>

namespace samsr::testing {
namespace {

double sum_of(const torch::nn::Linear& network) { return network->weight.sum().item<double>(); }

}  // namespace

ToyRecipe::ToyRecipe(const RecipeContext& context) : student_(nullptr), average_(nullptr), critic_(nullptr) {
  torch::manual_seed(context.config.train.seed);
  student_ = torch::nn::Linear(3, 3);
  average_ = torch::nn::Linear(3, 3);
  critic_ = torch::nn::Linear(3, 1);
  OptimizerSettings slow = context.config.train.optimizer;
  slow.lr /= 2;
  trainables_ = {{"student", student_.get(), average_.get(), context.config.train.optimizer},
                 {"critic", critic_.get(), nullptr, slow}};
}

std::vector<Move> ToyRecipe::moves(std::int64_t) const { return {{kCritic, true}, {kCritic, true}, {kStudent, false}}; }

RecipeLosses ToyRecipe::losses(const Batch& batch, const Move& move) {
  calls.push_back({move.trainable,
                   batch.position,
                   {student_->weight.requires_grad(), critic_->weight.requires_grad()},
                   {sum_of(student_), sum_of(critic_)}});
  const at::Tensor colour = batch.lq.mean({2, 3});
  const at::Tensor wanted = colour.flip(1);
  const at::Tensor made = student_(colour);
  RecipeLosses losses;
  if (move.trainable == kStudent) {
    losses.predictions = {made};
    losses.add("fit", 2, (made - wanted).square().mean(1));
    losses.add("adversarial", 0.1, -critic_(made).squeeze(1));
    return losses;
  }
  at::Tensor hinge = at::relu(1 - critic_(wanted)).squeeze(1) + at::relu(1 + critic_(made.detach())).squeeze(1);
  if (poisoned && std::ranges::count(batch.position, *poisoned) > 0) {
    hinge = hinge / 0.0;
  }
  losses.add("hinge", 1, hinge);
  return losses;
}

}  // namespace samsr::testing
