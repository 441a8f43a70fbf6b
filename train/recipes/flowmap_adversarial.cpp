// FlowMapSR-style, the second stage: a flow map's one-step answer against a critic, mostly by adapters (train.lora)
// beside the frozen first stage (docs/method.md, FlowMapSR-style). What a student is held to beside (distill.lambda_*),
// the answer may be held to.

#include <torch/torch.h>

#include <array>

#include "core/error.h"
#include "models/super_resolution/flow_map_model.h"
#include "train/recipes/adversarial_recipe.h"
#include "train/recipes/flowmap.h"

namespace samsr {
namespace {

class FlowMapAdversarialRecipe final : public AdversarialRecipe {
 public:
  explicit FlowMapAdversarialRecipe(SuperResolutionParts parts)
      : AdversarialRecipe(std::move(parts)),
        live_(velocity_of(parts_.network->unet(), parts_.network->settings().flow_map.time_scale)) {}

  at::Tensor predict(const Batch& batch) const override { return parts_.network->sample_flow_map(batch.lq, {}); }

 private:
  /// A flow map starts from the LR latent alone.
  DistillStart start(const Batch&, const at::Tensor&) const override {
    return {{}, {}, Process(parts_.network->diffusion().schedule())};
  }

  /// x0: z_1 = X_{0,1}(z_src) of the positive prompt.
  DistillPredictions predictions(const DistillBatch& step, const Batch& batch,
                                 const DistillPasses& passes) const override {
    TORCH_CHECK(!passes.x_T && !passes.x0_from_gt, "a flow map has no inverse");
    if (!passes.x0) {
      return {};
    }
    const at::Tensor& z_src = step.z_y;
    const at::Tensor begin = at::zeros({z_src.size(0)}, z_src.options().dtype(at::kFloat));
    const at::Tensor end = at::ones_like(begin);
    const FlowCondition given{flow_condition(parts_.network->settings(), batch.lq, z_src),
                              at::full_like(begin, kPositivePrompt, at::kLong)};
    const at::Tensor v = live_(z_src, begin, end, given).to(z_src.scalar_type());
    return {.x0 = flow_map(z_src, begin, end, v), .x_T = {}, .x0_from_gt = {}};
  }

  const Velocity live_;
};

/// UserError where a loss asks what a flow map does not answer.
void check_losses(const DistillSettings& distill) {
  const std::array<std::pair<const char*, double>, 4> others{{{"lambda_distill", distill.lambda_distill},
                                                              {"lambda_inverse", distill.lambda_inverse},
                                                              {"lambda_gt", distill.lambda_gt},
                                                              {"lambda_hsd", distill.lambda_hsd}}};
  for (const auto& [key, weight] : others) {
    if (weight != 0) {
      throw UserError(
          "distill.{} is {}, but train.recipe=flowmap_adversarial has no rollout and no inverse to compare; set it to "
          "0 "
          "(reconstruction is distill.lambda_truth, the critic distill.lambda_adversarial)",
          key, weight);
    }
  }
}

}  // namespace

std::unique_ptr<Recipe> make_flowmap_adversarial_recipe(SuperResolutionParts parts) {
  return std::make_unique<FlowMapAdversarialRecipe>(std::move(parts));
}

std::unique_ptr<Recipe> make_flowmap_adversarial(const RecipeContext& context) {
  const TrainConfig& config = context.config;
  check_losses(config.distill);
  config.flowmap.check(config.model.flow_map);
  if (config.semantic.loss != "none" && config.semantic.loss != "auto") {
    throw UserError("semantic.loss is {}, but a flow map has no masks; set semantic.loss=none", config.semantic.loss);
  }
  if (config.distill.lambda_adversarial == 0) {
    throw UserError(
        "train.recipe=flowmap_adversarial without its critic: set distill.lambda_adversarial "
        "(configs/flowmap_adversarial_x4.yaml has 0.1)");
  }
  return make_flowmap_adversarial_recipe(make_student_parts(method_named("flowmap_adversarial"), context));
}

}  // namespace samsr
