#include "train/losses/vgg_loss.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "models/layers/autocast.h"

namespace samsr {

VggLoss::VggLoss(VggFeatures features, std::vector<double> layer_weights)
    : features_(std::move(features)), layer_weights_(std::move(layer_weights)) {
  TORCH_CHECK(layer_weights_.size() == VggFeatures::kLayers.size(), layer_weights_.size(), " weights of layers");
}

at::Tensor VggLoss::of(const at::Tensor& prediction, const at::Tensor& truth) const {
  const Autocast plain(prediction.device(), false);  // differences of nearly equal features
  std::vector<at::Tensor> expected;
  {
    const at::NoGradGuard no_gradients;
    expected = features_(truth.to(features_.type()));
  }
  const std::vector<at::Tensor> found = features_(prediction.to(features_.type()));
  at::Tensor sum = at::zeros({prediction.size(0)}, found.front().options().requires_grad(false));
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (layer_weights_[i] > 0) {
      sum = sum + layer_weights_[i] * (found[i] - expected[i]).abs().mean({1, 2, 3});
    }
  }
  return sum;
}

std::shared_ptr<const VggLoss> make_vgg_loss(double weight, const std::vector<double>& layer_weights,
                                             const OfficialFilesSettings& files, c10::Device device, Log& log) {
  if (weight == 0) {
    return nullptr;
  }
  if (layer_weights.size() != VggFeatures::kLayers.size()) {
    throw UserError("regression.layer_weights has {} numbers, expected one for each of {}", layer_weights.size(),
                    fmt::join(VggFeatures::kLayers, ", "));
  }
  const OfficialFiles catalogue(files);
  const auto file = catalogue.find("vgg19");
  if (!file) {
    throw UserError("regression.lambda_perceptual is {}: {}, or set regression.lambda_perceptual=0", weight,
                    catalogue.how_to_get("vgg19"));
  }
  log.info("perceptual   {} × the difference of features of VGG-19, {}", weight, file->string());
  return std::make_shared<const VggLoss>(read_vgg_features(*file, device), layer_weights);
}

}  // namespace samsr
