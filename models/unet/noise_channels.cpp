#include "models/unet/noise_channels.h"

#include <ATen/ATen.h>

#include <string>

namespace samsr {
namespace {

constexpr const char* kInputLayer = "input_blocks.0.0.weight";

/// Whether these are the input layer's weights (C',channels,3,3).
bool is_input_layer(const std::string& name, const at::Tensor& weights) {
  return name == kInputLayer && weights.dim() == 4;
}

}  // namespace

std::int64_t noise_channels_in(const TensorFile& file, const UNetSettings& settings) {
  for (const auto& [name, tensor] : file.tensors) {
    if (is_input_layer(name, tensor)) {
      const std::int64_t further = tensor.size(1) - settings.in_channels;
      return further > 0 && further <= settings.out_channels ? further : 0;
    }
  }
  return 0;
}

TensorFile with_noise_channels(TensorFile weights, const UNetSettings& settings) {
  for (auto& [name, tensor] : weights.tensors) {
    if (settings.noise_channels > 0 && is_input_layer(name, tensor) && tensor.size(1) == settings.in_channels) {
      const at::Tensor none =
          at::zeros({tensor.size(0), settings.noise_channels, tensor.size(2), tensor.size(3)}, tensor.options());
      tensor = at::cat({tensor, none}, 1);
    }
  }
  return weights;
}

}  // namespace samsr
