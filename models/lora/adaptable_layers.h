#pragma once
// Layers that may have a low-rank adapter beside them (LoRA, arXiv 2106.09685): y = f(x) + (α/r) B(A(x)). A fresh layer
// has none, and is LibTorch's.

#include <torch/torch.h>

#include <cstdint>
#include <memory>

#include "models/layers/biased_map.h"

namespace samsr {

/// A weight that is not trained, and what autocast makes of it, cast once. LibTorch keeps casts of what is trained
/// alone: of a frozen weight each pass would leave a copy of its own for the backward pass.
class FrozenWeight {
 public:
  explicit FrozenWeight(const at::Tensor& weight) : weight_(weight) {}
  /// The weight, of the type that autocast computes in now.
  const at::Tensor& now();

 private:
  const at::Tensor weight_;
  at::Tensor cast_;
  std::uint32_t version_ = 0;  ///< of the weight that was cast
  const void* place_ = nullptr;
};

/// What adapters are added to.
class Adaptable {
 public:
  virtual ~Adaptable() = default;
  /// The layer's own weight is not trained from now on.
  virtual void freeze() = 0;
  /// Computes with the frozen weight of `other`, which is this layer's too.
  void share_frozen(const Adaptable& other) { frozen_ = other.frozen_; }
  /// Adds an adapter of `rank`, scaled by alpha / rank: children lora_A, with a layer's usual start from torch's
  /// default generator, and lora_B, zero, so that the layer answers as before. Once.
  virtual void adapt(std::int64_t rank, double alpha) = 0;

 protected:
  /// `weight`, the layer's own, as it is computed with.
  const at::Tensor& used(const at::Tensor& weight) const { return frozen_ ? frozen_->now() : weight; }

  std::shared_ptr<FrozenWeight> frozen_;  ///< null where the weight is trained
};

/// A linear layer. A is (r,in), B (out,r), without bias.
class AdaptableLinearImpl : public torch::nn::LinearImpl, public Adaptable {
 public:
  using torch::nn::LinearImpl::LinearImpl;

  /// x (…,in) -> (…,out).
  at::Tensor forward(const at::Tensor& x) { return corrected(at::linear(x, used(weight), bias), x); }
  /// The same by affine_rows() of models/layers.
  at::Tensor of_rows(const at::Tensor& rows);
  void freeze() override;
  void adapt(std::int64_t rank, double alpha) override;

 private:
  /// y, what the layer itself gives for x, with what the adapter adds; y where there is none.
  at::Tensor corrected(const at::Tensor& y, const at::Tensor& x);

  torch::nn::Linear lora_a_{nullptr};
  torch::nn::Linear lora_b_{nullptr};
  double scale_ = 0;  ///< α/r
};
TORCH_MODULE(AdaptableLinear);

/// A convolution. A has its kernel, stride and padding and r outputs, B is 1×1 (as LoCon), without bias.
class AdaptableConv2dImpl : public torch::nn::Conv2dImpl, public Adaptable {
 public:
  using torch::nn::Conv2dImpl::Conv2dImpl;

  /// x (B,in,H,W) -> (B,out,H',W').
  at::Tensor forward(const at::Tensor& x);
  /// The same by convolved() and pointwise() of models/layers.
  BiasedMap with_bias_beside(const at::Tensor& x);
  at::Tensor of_points(const at::Tensor& x);
  void freeze() override;
  void adapt(std::int64_t rank, double alpha) override;

 private:
  /// As AdaptableLinearImpl::corrected(); `y` may be without the layer's bias.
  at::Tensor corrected(const at::Tensor& y, const at::Tensor& x);

  torch::nn::Conv2d lora_a_{nullptr};
  torch::nn::Conv2d lora_b_{nullptr};
  double scale_ = 0;
};
TORCH_MODULE(AdaptableConv2d);

/// As conv() of models/layers/basic_layers.h.
AdaptableConv2d adaptable_conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride = 1);

}  // namespace samsr
