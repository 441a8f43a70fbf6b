#pragma once

#include <c10/core/Device.h>

#include <vector>

#include "models/layers/packed_conv.h"
#include "models/weights/load_weights.h"

namespace samsr {

/// Tensors of the InceptionV3 of FID up to its last map, named as in its file (pt_inception-2015-12-05).
std::vector<WantedWeight> inception_weights();

/// InceptionV3 (Szegedy et al. 2016) with the weights and the layers that FID is defined by: average pools leave out
/// the padded zeros, and the pool branch of Mixed_7c takes the maximum. The weights are frozen, batch norms folded into
/// the convolutions.
class Inception {
 public:
  /// `weights` hold inception_weights(), of any number type.
  Inception(const NamedWeights& weights, c10::Device device);

  static constexpr std::int64_t kFeatures = 2048;
  /// Side of the pictures that it was trained on, to which FID resizes all.
  static constexpr std::int64_t kSide = 299;

  /// Mean over positions of the last map ("pool3"): (B,2048) of pictures (B,3,299,299), RGB in about [-1,1], float32,
  /// on the device.
  at::Tensor features(const at::Tensor& pictures) const;

  /// What a branch of a block pools.
  enum class Pool {
    kNone,
    kAverage,  ///< what its convolution gives, 3x3
    kMaximum,  ///< what it is given, 3x3
    kHalving,  ///< what it is given, 3x3 at every second position; it has no convolution
  };
  /// A part of a block, which all see the same map and whose results are concatenated.
  struct Branch {
    Pool pool = Pool::kNone;
    std::vector<PackedConv> chain;  ///< one after the other
    std::vector<PackedConv> fork;   ///< of the result of the chain, side by side; empty for none
  };

 private:
  std::vector<PackedConv> stem_;  ///< five, max pools behind the third and the last
  std::vector<std::vector<Branch>> blocks_;
};

}  // namespace samsr
