#pragma once
// The transformer that both sides of CLIP are built of (Radford et al. 2021), with OpenAI's names.

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "models/weights/load_weights.h"

namespace samsr {

struct ClipTransformerShape {
  std::int64_t width;
  std::int64_t layers;
  std::int64_t heads;
};

/// Weight and bias of a linear map or a layer norm.
struct ClipAffine {
  at::Tensor weight;
  at::Tensor bias;
};

/// Float32 on the device: `name`weight and `name`bias of `weights`.
ClipAffine clip_affine(const NamedWeights& weights, const std::string& name, c10::Device device);
/// The layer norm of CLIP over the last dimension.
at::Tensor clip_norm(const at::Tensor& x, const ClipAffine& norm);

/// Tensors of the transformer, named `prefix`resblocks.N.….
std::vector<WantedWeight> clip_transformer_weights(const std::string& prefix, const ClipTransformerShape& shape);

/// Frozen; has a gradient with respect to what goes in.
class ClipTransformer {
 public:
  /// `weights` hold clip_transformer_weights(prefix, shape), of any number type.
  ClipTransformer(const std::string& prefix, const ClipTransformerShape& shape, const NamedWeights& weights,
                  c10::Device device);

  /// (B,N,width) -> (B,N,width). `causal`: every token attends to itself and those before it, else to all.
  at::Tensor operator()(const at::Tensor& tokens, bool causal) const;

 private:
  struct Block {
    ClipAffine norm_1, in, out;
    ClipAffine norm_2, up, down;
  };

  at::Tensor attended(const Block& block, const at::Tensor& x, bool causal) const;

  std::int64_t heads_;
  std::vector<Block> blocks_;
};

}  // namespace samsr
