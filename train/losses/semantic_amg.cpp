#include <torch/torch.h>

#include "core/pixels.h"
#include "data/images/image_file.h"
#include "diffusion/coverage.h"
#include "models/layers/autocast.h"
#include "segmentation/coverage_of.h"
#include "train/losses/semantic_loss.h"

namespace samsr {
namespace {

class AmgLoss final : public SemanticLoss {
 public:
  explicit AmgLoss(const AmgLossParts& parts) : SemanticLoss(parts.from_gt), parts_(parts) {}

  bool needs_image() const override { return true; }

  bool is_due(const Batch& batch) const override {
    const auto number = batch.position.front() / static_cast<std::uint64_t>(parts_.global_batch);
    return number % static_cast<std::uint64_t>(parts_.every) == 0;
  }

  at::Tensor of(const at::Tensor& prediction, const at::Tensor& truth) override {
    const torch::NoGradGuard no_grad;
    const Autocast plain(prediction.device(), false);  // the source of masks chooses its own numbers
    return (counted(prediction) - counted(truth)).square().mean({1, 2, 3}).to(prediction.device());
  }

  double weight() const override { return 0; }

 private:
  /// images (B,3,sH,sW) in [-1,1] on any device to (B,1,H,W) on the CPU: W, or C.
  at::Tensor counted(const at::Tensor& image) const {
    std::vector<cv::Mat> pictures;
    for (const at::Tensor& each : bytes_from_signed(image).unbind(0)) {
      pictures.push_back(to_mat(each));
    }
    std::vector<at::Tensor> counts;
    for (const PictureMasks& found :
         coverage_of(pictures, static_cast<int>(parts_.scale), *parts_.masks, parts_.threshold)) {
      counts.push_back(found.coverage.unsqueeze(0));
    }
    const at::Tensor coverage = at::stack(counts);
    return parts_.counts ? coverage.to(at::kFloat) : semantic_weight(coverage);
  }

  const AmgLossParts parts_;
};

}  // namespace

std::unique_ptr<SemanticLoss> make_amg_loss(const AmgLossParts& parts) { return std::make_unique<AmgLoss>(parts); }

}  // namespace samsr
