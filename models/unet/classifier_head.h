#pragma once

#include <torch/torch.h>

#include <cstdint>

namespace samsr {

/// Tells latents of photographs from a student's by the middle block of a denoiser: DMD2's classifier head
/// (arXiv 2405.14867), which RSD trains beside its fake network. A k×k convolution of stride 2, group norm and SiLU;
/// the same of stride k; a 1×1 convolution to a logit, averaged over positions. Parameters are named 0, 1, 3, 4, 6.
class ClassifierHeadImpl : public torch::nn::Module {
 public:
  struct Options {
    std::int64_t channels;     ///< of the features
    std::int64_t kernel = 4;   ///< k, even
    std::int64_t groups = 32;  ///< of the norms; they divide `channels`
  };
  /// Fresh weights from torch's default generator.
  explicit ClassifierHeadImpl(const Options& options);

  /// features (B,C,h,w), sides of at least 2k -> logits (B) float32, higher for photographs.
  at::Tensor forward(const at::Tensor& features);

 private:
  torch::nn::Conv2d halving_;
  torch::nn::GroupNorm halving_norm_;
  torch::nn::Conv2d shrinking_;
  torch::nn::GroupNorm shrinking_norm_;
  torch::nn::Conv2d logit_;
};
TORCH_MODULE(ClassifierHead);

}  // namespace samsr
