#include <torch/torch.h>

#include "train/losses/semantic_loss.h"

namespace samsr {
namespace {

class CoverageNetLoss final : public SemanticLoss {
 public:
  CoverageNetLoss(const CoverageNet& net, const FirstStage& first_stage, double weight, bool from_gt)
      : SemanticLoss(from_gt), net_(net), first_stage_(first_stage), weight_(weight) {}

  at::Tensor of(const DecodedPrediction& prediction, const Batch& batch) override {
    at::Tensor target;
    {
      const torch::NoGradGuard no_grad;
      target = net_(net_->input().latent ? batch.z_0 : hr_image(batch, first_stage_));
    }
    const at::Tensor seen = net_->input().latent ? prediction.latent : predicted_image(prediction, first_stage_);
    return (net_(seen) - target).square().mean({1, 2, 3});
  }

  double weight() const override { return weight_; }
  bool needs_hr() const override { return !net_->input().latent && !first_stage_.lossless(); }

 private:
  CoverageNet net_;
  const FirstStage& first_stage_;
  const double weight_;
};

}  // namespace

std::unique_ptr<SemanticLoss> make_coverage_net_loss(const CoverageNet& net, const FirstStage& first_stage,
                                                     double weight, bool from_gt) {
  return std::make_unique<CoverageNetLoss>(net, first_stage, weight, from_gt);
}

}  // namespace samsr
