#pragma once
// Building blocks of UNetSwin on maps (B,C,H,W); official names (ResShift models/unet.py).

#include <torch/torch.h>

#include <cstdint>

#include "models/lora/adaptable_layers.h"

namespace samsr {

/// A layer of a block of the network.
class UNetLayer : public torch::nn::Module {
 public:
  /// x (B,C,H,W), step embedding (B,E) -> (B,C',H',W').
  virtual at::Tensor forward(const at::Tensor& x, const at::Tensor& embedding) = 0;
};

enum class Resample { kNone, kUp, kDown };

/// Residual block conditioned on the step: norm, SiLU, conv, (scale and shift by the embedding) norm, SiLU,
/// dropout, conv; with another resolution out where `resample` says so.
class ResBlock : public UNetLayer {
 public:
  struct Options {
    std::int64_t in_channels;
    std::int64_t out_channels;
    std::int64_t embedding_channels;
    double dropout;
    bool scale_shift_norm;
    Resample resample;
  };
  explicit ResBlock(const Options& options);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& embedding) override;

 private:
  const Options options_;
  torch::nn::GroupNorm in_norm_{nullptr};
  AdaptableConv2d in_conv_{nullptr};
  AdaptableLinear embedding_linear_{nullptr};
  torch::nn::GroupNorm out_norm_{nullptr};
  AdaptableConv2d out_conv_{nullptr};
  AdaptableConv2d skip_{nullptr};  ///< empty where the channels stay the same
};

/// Doubles height and width (nearest), then a 3×3 convolution if `with_conv`.
class Upsample : public UNetLayer {
 public:
  Upsample(std::int64_t channels, bool with_conv);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& embedding) override;

 private:
  AdaptableConv2d conv_{nullptr};
};

/// Halves height and width by a 3×3 convolution of stride 2, or by averaging.
class Downsample : public UNetLayer {
 public:
  Downsample(std::int64_t channels, bool with_conv);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& embedding) override;

 private:
  AdaptableConv2d conv_{nullptr};
};

}  // namespace samsr
