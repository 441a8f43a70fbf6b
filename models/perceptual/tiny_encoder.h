#pragma once
// Encoder of a tiny autoencoder (github.com/madebyollin/taesd, taesana_encoder.pth, MIT), as a network whose features
// order pictures as an eye does: small enough to stand in the loop of training.

#include <c10/core/Device.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "models/layers/packed_conv.h"
#include "models/weights/load_weights.h"

namespace samsr {

/// Numbers of the encoder's blocks in its file, in their order; the first works on a quarter of the picture's side,
/// and each of the last three threes on half of what came before.
const std::vector<std::int64_t>& tiny_encoder_blocks();

/// Tensors that the encoder needs, under the file's names ("0.weight", "4.conv.0.weight", …).
std::vector<WantedWeight> tiny_encoder_weights();

/// Frozen; features have a gradient with respect to the pictures.
class TinyEncoder {
 public:
  /// `weights` hold tiny_encoder_weights(), of any number type.
  TinyEncoder(const NamedWeights& weights, c10::Device device);

  /// What the blocks numbered `blocks`, ascending, give of pictures (B,3,H,W), RGB in [0,1], float32, each side at
  /// least 32: (B,64,h,w) each.
  std::vector<at::Tensor> features(const at::Tensor& images, const std::vector<std::int64_t>& blocks) const;
  /// Memory of the weights.
  std::size_t weight_bytes() const { return weight_bytes_; }

 private:
  struct Layer {
    std::int64_t number;            ///< in the file
    std::vector<PackedConv> convs;  ///< one, or the three of a block
  };

  std::vector<Layer> layers_;
  std::size_t weight_bytes_ = 0;
};

/// UserError naming a file that does not fit.
TinyEncoder read_tiny_encoder(const std::filesystem::path& file, c10::Device device);

}  // namespace samsr
