#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "models/perceptual/input_scaling.h"
#include "models/weights/load_weights.h"

namespace samsr {

/// Tensors of VGG-19's convolutions, named as in torchvision's file: features.N.weight, features.N.bias.
std::vector<WantedWeight> vgg19_weights();

/// VGG-19 up to its last convolution: the features that Real-ESRGAN's perceptual loss compares. The weights are frozen.
class VggFeatures {
 public:
  /// Of these convolutions, before their ReLU.
  static constexpr std::array kLayers{"conv1_2", "conv2_2", "conv3_4", "conv4_4", "conv5_4"};
  /// Sides of images are at least this: one position is left at the end.
  static constexpr std::int64_t kSmallestSide = 16;

  /// `weights`: as from fitting_weights(), of any number type; they are used as `type`.
  VggFeatures(const NamedWeights& weights, c10::Device device, at::ScalarType type = at::kFloat);

  /// Maps (B,C,h,w) of kLayers of images (B,3,H,W) in [0,1], of the type, on the device; with their gradient where
  /// images have one.
  std::vector<at::Tensor> operator()(const at::Tensor& images) const;
  at::ScalarType type() const { return type_; }
  /// Memory of the weights.
  std::size_t weight_bytes() const;

 private:
  struct Layer {
    bool pooled;    ///< after max pooling
    bool compared;  ///< one of kLayers
    at::Tensor weight;
    at::Tensor bias;
  };

  const at::ScalarType type_;
  const InputScaling scaling_;
  std::vector<Layer> layers_;
};

/// The network of torchvision's file, vgg19-dcbb9e9d.pth. UserError naming the file when it does not fit.
VggFeatures read_vgg_features(const std::filesystem::path& file, c10::Device device);

}  // namespace samsr
