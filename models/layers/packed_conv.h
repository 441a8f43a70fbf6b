#pragma once

#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>

namespace samsr {

/// A convolution of frozen weights, float32 or bfloat16, channels last. For inference on a CPU its weights are laid out
/// once for oneDNN, and what follows the convolution is done before its result leaves the registers.
class PackedConv {
 public:
  /// `weight` (out, in, k, l) and `bias` (out) or undefined, of one type, on the device and of the type of later
  /// inputs. Padded with zeros: `padding` rows above and below, columns left and right. `passes_gradients`: results
  /// have a gradient with respect to x, by LibTorch's operators on all devices; without, they have none.
  PackedConv(const at::Tensor& weight, const at::Tensor& bias, std::int64_t stride,
             const std::array<std::int64_t, 2>& padding, bool passes_gradients = false);
  /// `padding` on each side.
  PackedConv(const at::Tensor& weight, const at::Tensor& bias, std::int64_t stride, std::int64_t padding,
             bool passes_gradients = false)
      : PackedConv(weight, bias, stride, std::array{padding, padding}, passes_gradients) {}

  /// (B, in, H, W) -> (B, out, H', W').
  at::Tensor operator()(const at::Tensor& x) const;
  /// relu(conv(x)).
  at::Tensor relu(const at::Tensor& x) const;
  /// max(y, 0) + slope · min(y, 0) of y = conv(x).
  at::Tensor leaky_relu(const at::Tensor& x, double slope) const;
  /// conv(x) + other, (B, out, H', W').
  at::Tensor add(const at::Tensor& x, const at::Tensor& other) const;
  /// relu(conv(x) + sum); the storage of `sum`, (B, out, H', W'), may be overwritten.
  at::Tensor add_relu(const at::Tensor& x, at::Tensor sum) const;

 private:
  at::Tensor convolved(const at::Tensor& x, const char* activation, c10::List<std::optional<at::Scalar>> numbers) const;

  at::Tensor weight_;  ///< oneDNN's when packed_, else channels last
  at::Tensor bias_;
  std::int64_t stride_;
  std::array<std::int64_t, 2> padding_;
  bool packed_;
};

}  // namespace samsr
