#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace samsr {

struct GroupNorm {
  at::Tensor weight;  ///< (C)
  at::Tensor bias;    ///< (C)
  std::int64_t groups;
  double epsilon;
};

/// x = norm(x) in place: x (N,C,H,W), float32, channels last. LibTorch's own is several times slower on many small
/// maps.
void group_norm_(const GroupNorm& norm, at::Tensor& x);
/// x = relu(norm(x) + addend) in place; `addend` is like x, or undefined for none.
void group_norm_relu_(const GroupNorm& norm, at::Tensor& x, const at::Tensor& addend = {});

}  // namespace samsr
