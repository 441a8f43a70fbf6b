#pragma once

#include <c10/core/Device.h>

#include <vector>

#include "eval/metrics/group_norm.h"
#include "eval/metrics/musiq/musiq_patches.h"
#include "models/layers/packed_conv.h"
#include "models/weights/load_weights.h"

namespace samsr {

/// Tensors of MUSIQ with one output, under their official names.
std::vector<WantedWeight> musiq_weights();

/// The multi-scale image quality transformer (Ke et al. 2021): a convolutional stem makes a token of each patch, to
/// which the embeddings of its place and scale are added; 14 transformer blocks; a number from the class token.
/// Sequences hold no padding: masked tokens, which the published code carries along, do not change the others.
class MusiqNetwork {
 public:
  /// `weights` hold musiq_weights(), of any number type.
  MusiqNetwork(const NamedWeights& weights, c10::Device device);

  /// Scores (B) of patches of B images in [-1,1] on the device.
  at::Tensor operator()(const MusiqPatches& patches) const;

 private:
  struct Affine {
    at::Tensor weight;
    at::Tensor bias;
  };
  struct Block {
    Affine norm1, query_key_value, out, norm2, fc1, fc2;
  };

  at::Tensor tokens(const at::Tensor& pixels) const;
  static at::Tensor attended(const Block& block, const at::Tensor& x);

  PackedConv root_, reduce_, filter_, expand_, shortcut_;
  GroupNorm root_norm_, reduce_norm_, filter_norm_, expand_norm_, shortcut_norm_;
  Affine embedding_;
  at::Tensor class_token_;  ///< (1,1,384)
  at::Tensor places_;       ///< (100,384)
  at::Tensor scales_;       ///< (3,384)
  std::vector<Block> blocks_;
  Affine last_norm_, head_;
};

}  // namespace samsr
