#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <optional>

#include "models/layers/packed_conv.h"

namespace samsr {

/// A convolution with a square kernel of odd side, padded with zeros, and what follows it. For inference the two are
/// one call (PackedConv), once pack() has laid the weights out. Parameters: weight, bias.
class ActivatedConvImpl : public torch::nn::Module {
 public:
  /// `residual_scale`: of the convolution where something is added to it, by add().
  ActivatedConvImpl(std::int64_t in, std::int64_t out, std::int64_t kernel = 3, double residual_scale = 1);

  /// (B, in, H, W) -> (B, out, H, W), scaled by residual_scale.
  at::Tensor forward(const at::Tensor& x);
  /// max(y, 0) + slope · min(y, 0) of y = forward(x).
  at::Tensor leaky_relu(const at::Tensor& x, double slope);
  /// other + forward(x).
  at::Tensor add(const at::Tensor& x, const at::Tensor& other);

  /// From now on results without gradients are of the weights as they are now, of their type and on their device.
  void pack();

 private:
  bool packed() const { return packed_ && !at::GradMode::is_enabled(); }
  at::Tensor plain(const at::Tensor& x) const;

  const double residual_scale_;
  const std::int64_t padding_;
  at::Tensor weight_;
  at::Tensor bias_;
  std::optional<PackedConv> packed_;
};
TORCH_MODULE(ActivatedConv);

/// Packs all convolutions of a network.
void pack_convolutions(const torch::nn::Module& network);

/// A network with frozen weights on a device, their numbers of a type, float32 or bfloat16, convolutions laid out
/// channels last and packed, in evaluation mode. Whole numbers stay what they are.
void prepare_inference(torch::nn::Module& network, const at::Device& device, at::ScalarType type);

}  // namespace samsr
