#pragma once

#include <torch/torch.h>

#include <cstdint>

#include "core/settings.h"
#include "models/first_stage/vq_layers.h"

namespace samsr {

/// Architecture of the autoencoder; the defaults are those of `autoencoder_vq_f4.pth` (f = 4, 8192 codes of 3
/// channels, 55 M parameters).
struct AutoencoderSettings {
  std::int64_t embed_dim = 3;
  std::int64_t n_embed = 8192;
  DdConfig ddconfig;

  /// Adds the settings `autoencoder.*`.
  void bind(Settings& settings);
};

/// VQGAN of latent diffusion (ldm.models.autoencoder.VQModelTorch), with the official parameter names.
class VQModelTorchImpl : public torch::nn::Module {
 public:
  explicit VQModelTorchImpl(const AutoencoderSettings& settings);

  struct Quantized {
    at::Tensor latent;   ///< (B,embed_dim,h,w): nearest codes; their gradient goes to the input unchanged
    at::Tensor indices;  ///< (B·h·w) int64: their numbers
  };

  /// image (B,3,H,W) RGB in [-1,1], H and W multiples of the factor -> latent (B,embed_dim,H/f,W/f), not
  /// quantised.
  at::Tensor encode(const at::Tensor& image);
  /// Nearest code of each latent pixel, with a straight-through gradient.
  Quantized quantize(const at::Tensor& latent);
  /// latent (B,embed_dim,h,w) -> image (B,3,h·f,w·f), quantised first unless `force_not_quantize`.
  at::Tensor decode(const at::Tensor& latent, bool force_not_quantize = false);

 private:
  std::shared_ptr<VqEncoder> encoder_;
  std::shared_ptr<VqDecoder> decoder_;
  torch::nn::Embedding codes_{nullptr};
  torch::nn::Conv2d quant_conv_{nullptr};
  torch::nn::Conv2d post_quant_conv_{nullptr};
};
TORCH_MODULE(VQModelTorch);

}  // namespace samsr
