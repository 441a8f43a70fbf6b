#include <torch/torch.h>

#include "train/recipes/coverage_lesson.h"
#include "train/recipes/coverage_net_run.h"

namespace samsr {
namespace {

class CoverageNetRecipe final : public Recipe {
 public:
  explicit CoverageNetRecipe(const CoverageNet& net) : net_(net) {}

  RecipeLosses losses(const Batch& batch) override {
    const CoverageLesson lesson = coverage_lesson(batch, net_->input());
    const at::Tensor logits = net_->logits(lesson.pictures);
    const at::Tensor entropy =
        at::binary_cross_entropy_with_logits(logits, lesson.weights, {}, {}, at::Reduction::None).mean({1, 2, 3});
    const at::Tensor errors = lesson_errors(lesson, at::sigmoid(logits.detach()));
    return {entropy.reshape({2, -1}).mean(0), {{"hr", errors[0]}, {"lr", errors[1]}}};
  }

  BatchFields fields() const override { return lesson_fields(net_->input()); }

 private:
  CoverageNet net_;
};

}  // namespace

std::unique_ptr<Recipe> make_coverage_net_recipe(const CoverageNet& net) {
  return std::make_unique<CoverageNetRecipe>(net);
}

}  // namespace samsr
