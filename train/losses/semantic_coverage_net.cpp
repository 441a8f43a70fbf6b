#include <torch/torch.h>

#include "train/losses/semantic_loss.h"

namespace samsr {
namespace {

class CoverageNetLoss final : public SemanticLoss {
 public:
  CoverageNetLoss(const CoverageNet& net, double weight, bool from_gt)
      : SemanticLoss(from_gt), net_(net), weight_(weight) {}

  bool needs_image() const override { return !net_->input().latent; }

  at::Tensor of(const at::Tensor& prediction, const at::Tensor& truth) override {
    at::Tensor target;
    {
      const torch::NoGradGuard no_grad;
      target = net_(truth);
    }
    return (net_(prediction) - target).square().mean({1, 2, 3});
  }

  double weight() const override { return weight_; }

 private:
  CoverageNet net_;
  const double weight_;
};

}  // namespace

std::unique_ptr<SemanticLoss> make_coverage_net_loss(const CoverageNet& net, double weight, bool from_gt) {
  return std::make_unique<CoverageNetLoss>(net, weight, from_gt);
}

}  // namespace samsr
