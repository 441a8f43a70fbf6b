#pragma once

#include <ATen/core/Tensor.h>

namespace samsr {

/// Self-attention on a grid of h×w positions with decomposed relative positions: the score of query (y,x) and key
/// (y',x') is q·k/√d + q·R_h[y-y'] + q·R_w[x-x'].
/// q, k, v: (B, h, w, d), contiguous, B counting heads too; table_h (2h-1, d), table_w (2w-1, d): the row of
/// offset o is o + h-1, o + w-1. Returns (B, h, w, d). Without gradients.
at::Tensor attend_with_relative_positions(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                          const at::Tensor& table_h, const at::Tensor& table_w);

}  // namespace samsr
