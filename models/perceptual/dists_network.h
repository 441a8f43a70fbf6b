#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <vector>

#include "models/layers/packed_conv.h"
#include "models/perceptual/input_scaling.h"
#include "models/weights/load_weights.h"

namespace samsr {

/// Tensors of VGG-16 that DISTS takes, named as in torchvision's file: features.N.weight and features.N.bias.
std::vector<WantedWeight> dists_trunk_weights();

/// DISTS's own tensors, named as in its file: alpha and beta, the weights of texture and structure of 1,475 channels.
std::vector<WantedWeight> dists_channel_weights();

/// Deep image structure and texture similarity (Ding et al. 2020): 1 - sum over levels of dists_similarity(). The
/// levels are the image itself and the last ReLU of VGG-16's five stages, between which L2 pooling stands in place of
/// max pooling; alpha and beta are divided by their joint sum. The weights are frozen.
class DistsNetwork {
 public:
  /// Weights as from fitting_weights(), of any number type.
  DistsNetwork(const NamedWeights& trunk_weights, const NamedWeights& channel_weights, c10::Device device);

  /// Distances (B) float64, on the device, of images (B,3,H,W) in [0,1], float32, on the device, of any size.
  at::Tensor distance(const at::Tensor& pred, const at::Tensor& ref) const;
  /// The six levels of images (B,3,H,W): (B,C,H',W') of 3, 64, 128, 256, 512 and 512 channels.
  std::vector<at::Tensor> levels(const at::Tensor& images) const;

 private:
  struct Layer {
    at::Tensor pool;  ///< (in,1,3,3) filter of the L2 pooling before it; undefined for none
    PackedConv conv;
    bool ends_level;
  };

  /// Calls use(number, features) at each level.
  template <class Use>
  void pass(const at::Tensor& images, Use use) const;

  std::vector<Layer> layers_;
  InputScaling scaling_;
  std::vector<at::Tensor> alpha_, beta_;  ///< of each level, (C) float64
};

/// The network of the official files: torchvision's VGG-16, and DISTS's own. UserError naming the file that does not
/// fit.
DistsNetwork read_dists_network(const std::filesystem::path& trunk_file, const std::filesystem::path& channel_file,
                                c10::Device device);

}  // namespace samsr
