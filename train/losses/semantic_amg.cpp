#include <torch/torch.h>

#include "core/pixels.h"
#include "data/images/image_file.h"
#include "diffusion/coverage.h"
#include "models/layers/autocast.h"
#include "segmentation/coverage_of.h"
#include "segmentation/latent_picture.h"
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
    const at::Tensor difference =
        parts_.released ? numbers_of_masks(prediction) - numbers_of_masks(truth) : weights(prediction) - weights(truth);
    return difference.square().mean({1, 2, 3}).to(prediction.device());
  }

  double weight() const override { return 0; }

 private:
  /// W of images (B,3,sH,sW) in [-1,1] on any device: (B,1,H,W) on the CPU.
  at::Tensor weights(const at::Tensor& images) const {
    std::vector<cv::Mat> pictures;
    for (const at::Tensor& each : bytes_from_signed(images).unbind(0)) {
      pictures.push_back(to_mat(each));
    }
    std::vector<at::Tensor> counts;
    for (const PictureMasks& found :
         coverage_of(pictures, static_cast<int>(parts_.scale), *parts_.masks, parts_.threshold)) {
      counts.push_back(found.coverage.unsqueeze(0));
    }
    return semantic_weight(at::stack(counts));
  }

  /// How many masks, the background among them, lie over each pixel of such images: (B,1,sH,sW) float32 on the CPU.
  at::Tensor numbers_of_masks(const at::Tensor& images) const {
    std::vector<cv::Mat> pictures;
    for (const at::Tensor& each : images.to(at::kFloat).unbind(0)) {
      pictures.push_back(stretched_to_bytes(each, value_range({each})));
    }
    std::vector<at::Tensor> numbers;
    for (const at::Tensor& masks : parts_.masks->masks_of(pictures)) {
      numbers.push_back(masks.sum(0, /*keepdim=*/true, at::kInt).clamp_min(1).to(at::kFloat));
    }
    return at::stack(numbers);
  }

  const AmgLossParts parts_;
};

}  // namespace

std::unique_ptr<SemanticLoss> make_amg_loss(const AmgLossParts& parts) { return std::make_unique<AmgLoss>(parts); }

}  // namespace samsr
