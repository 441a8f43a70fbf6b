#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <filesystem>
#include <vector>

#include "models/layers/packed_conv.h"
#include "models/perceptual/input_scaling.h"
#include "models/weights/load_weights.h"

namespace samsr {

/// Network whose features LPIPS compares.
enum class LpipsTrunk { kAlex, kVgg };

/// Tensors of the trunk, named as in torchvision's file: features.N.weight and features.N.bias of the convolutions.
std::vector<WantedWeight> lpips_trunk_weights(LpipsTrunk trunk);

/// Tensors that weigh the channels of the five compared layers, named as in LPIPS's file: linK.model.1.weight.
std::vector<WantedWeight> lpips_linear_weights(LpipsTrunk trunk);

/// Learned perceptual image patch similarity (Zhang et al. 2018), version 0.1:
/// sum over layers of mean over positions of sum over channels of w_c (f_c / |f| - g_c / |g|)^2. The weights are
/// frozen.
class LpipsNetwork {
 public:
  /// Weights as from fitting_weights(), of any number type. `passes_gradients`: distances have a gradient with respect
  /// to `pred`; without, they have none and are faster.
  LpipsNetwork(LpipsTrunk trunk, const NamedWeights& trunk_weights, const NamedWeights& linear_weights,
               c10::Device device, bool passes_gradients = false);

  /// Distances (B) of images (B,3,H,W) in [0,1], float32, on the device, each side at least smallest_side().
  at::Tensor distance(const at::Tensor& pred, const at::Tensor& ref) const;
  std::int64_t smallest_side() const;
  /// Memory of the weights.
  std::size_t weight_bytes() const { return weight_bytes_; }

 private:
  struct Layer {
    bool pooled;  ///< after max pooling
    PackedConv conv;
    at::Tensor channel_weights;  ///< (C) when its result is compared, else undefined
  };

  /// Calls use(features, channel weights) at each compared layer of images (B,3,H,W).
  template <class Use>
  void pass(const at::Tensor& images, Use use) const;

  LpipsTrunk trunk_;
  bool passes_gradients_;
  std::vector<Layer> layers_;
  InputScaling scaling_;
  std::size_t weight_bytes_ = 0;
};

/// The network of the official files: torchvision's of the trunk, and LPIPS's own. UserError naming the file that does
/// not fit.
LpipsNetwork read_lpips_network(LpipsTrunk trunk, const std::filesystem::path& trunk_file,
                                const std::filesystem::path& linear_file, c10::Device device,
                                bool passes_gradients = false);

/// "AlexNet", "VGG-16".
const char* lpips_trunk_name(LpipsTrunk trunk);

}  // namespace samsr
