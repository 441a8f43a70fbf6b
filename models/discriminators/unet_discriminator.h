#pragma once
// Real-ESRGAN's U-Net discriminator of images (arXiv 2107.10833): a logit for each pixel, which is as good a reason for
// a fine texture as for a whole object.

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "models/discriminators/discriminator.h"

namespace samsr {

/// With the published code's parameter names (UNetDiscriminatorSN): `conv0` … `conv9`.
class UNetDiscriminatorImpl : public DiscriminatorImpl {
 public:
  /// Sides of what it is shown are multiples of this.
  static constexpr std::int64_t kSizeMultiple = 8;

  /// `channels`: of the finest maps; published: 64. Fresh weights from torch's default generator.
  explicit UNetDiscriminatorImpl(std::int64_t channels);

  /// maps: one, images (B,3,H,W). -> (B, H·W).
  at::Tensor forward(const std::vector<at::Tensor>& maps, const at::Tensor& steps,
                     const std::vector<SpectralVectors>& vectors) override;

 private:
  std::vector<SpectralConv> spectral_convs() const override { return spectral_; }

  torch::nn::Conv2d first_{nullptr};
  std::vector<SpectralConv> spectral_;  ///< conv1 … conv8
  torch::nn::Conv2d last_{nullptr};
};
TORCH_MODULE(UNetDiscriminator);

}  // namespace samsr
