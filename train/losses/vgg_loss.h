#pragma once
// Real-ESRGAN's perceptual loss (arXiv 2107.10833): features of VGG-19 before their ReLU.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "core/log.h"
#include "models/perceptual/vgg_features.h"
#include "models/weights/official_files.h"

namespace samsr {

class VggLoss {
 public:
  /// `layer_weights`: one for each of VggFeatures::kLayers.
  VggLoss(VggFeatures features, std::vector<double> layer_weights);

  /// (B), in the features' type whatever train.precision is, of images (B,3,H,W), RGB in [0,1]: the sum over layers of
  /// weight times the mean of |φ(prediction) - φ(truth)|, with the prediction's gradient. Nothing of the truth's pass
  /// is kept.
  at::Tensor of(const at::Tensor& prediction, const at::Tensor& truth) const;
  /// Memory of the network.
  std::size_t weight_bytes() const { return features_.weight_bytes(); }

 private:
  const VggFeatures features_;
  const std::vector<double> layer_weights_;
};

/// The loss of the official file; null where `weight`, regression.lambda_perceptual, is 0. UserError where the file is
/// missing, which says where it is published, or does not fit, and for weights that are not one for each layer.
std::shared_ptr<const VggLoss> make_vgg_loss(double weight, const std::vector<double>& layer_weights,
                                             const OfficialFilesSettings& files, c10::Device device, Log& log);

}  // namespace samsr
