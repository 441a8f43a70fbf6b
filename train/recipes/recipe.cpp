#include "train/recipes/recipe.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace samsr {

void RecipeLosses::add(const std::string& name, double weight, const at::Tensor& values) {
  if (!total.defined()) {
    total = at::zeros_like(values, values.options().dtype(at::kFloat).requires_grad(false));
  }
  if (weight > 0) {
    total = total + weight * values;
  }
  terms.push_back({name, values, weight});
}

std::vector<Move> Recipe::moves(std::int64_t) const { return {Move{}}; }

void Recipe::begin(std::int64_t, const Move&) {}

void Recipe::prepare(Batch&) const {}

void Recipe::complete(Batch&) const {}

void Recipe::skip_frozen_work(Batch&) const {}

void Recipe::load_frozen_weights(Log&) {}

void Recipe::load_first_weights(Log&) {}

void Recipe::check_part(std::size_t, const TensorFile&, const std::string&) const {}

at::Tensor Recipe::predict(const Batch&) const { return {}; }

std::unique_ptr<Validation> Recipe::make_validation(const RecipeContext&) { return nullptr; }

std::uint64_t batches_in(const Recipe& recipe, std::int64_t steps) {
  std::uint64_t batches = 0;
  for (std::int64_t step = 1; step <= steps; ++step) {
    const std::vector<Move> moves = recipe.moves(step);
    batches += static_cast<std::uint64_t>(std::ranges::count_if(moves, &Move::fresh_batch));
  }
  return batches;
}

}  // namespace samsr
