#pragma once
// TAD-SR's time-aware latent discriminator (arXiv 2408.07476): heads on the features that the frozen teacher's encoder
// has of a noised latent, told the step of the noise.

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "models/discriminators/discriminator.h"
#include "models/discriminators/discriminator_settings.h"

namespace samsr {

/// With the published code's parameter names (ProjectedDiscriminator): `heads.K.main.0.0`, `heads.K.main.1.fn.0`,
/// `heads.K.cls`, `emb_layers.K.1`, `out_layers.K.{0,3}`.
class LatentDiscriminatorImpl : public DiscriminatorImpl {
 public:
  /// `feature_channels`: of each level, UNetSettings::feature_channels(). `embedding_width`: of the step's embedding,
  /// the teacher's model_channels. Fresh weights from torch's default generator; the 3×3 convolutions start at zero.
  LatentDiscriminatorImpl(const DiscriminatorNetworkSettings& settings,
                          const std::vector<std::int64_t>& feature_channels, std::int64_t embedding_width);

  /// features: a map (B,C_k,h_k,w_k) of each level. -> (B, c_dim · Σ h_k·w_k), level by level.
  at::Tensor forward(const std::vector<at::Tensor>& features, const at::Tensor& steps,
                     const std::vector<SpectralVectors>& vectors) override;

 private:
  /// One level's layers.
  struct Level {
    torch::nn::Linear modulation{nullptr};
    torch::nn::GroupNorm norm{nullptr};
    torch::nn::Conv2d conv{nullptr};
    SpectralConv first{nullptr};
    torch::nn::GroupNorm first_norm{nullptr};
    SpectralConv second{nullptr};
    torch::nn::GroupNorm second_norm{nullptr};
    SpectralConv logits{nullptr};
  };
  std::vector<SpectralConv> spectral_convs() const override;

  const double slope_;
  const std::int64_t embedding_width_;
  std::vector<Level> levels_;
};
TORCH_MODULE(LatentDiscriminator);

}  // namespace samsr
