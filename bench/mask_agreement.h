#pragma once
// How far two sets of masks of one picture agree.

#include <torch/torch.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "segmentation/automatic/automatic_masks.h"

namespace samsr::bench {

/// (M, H, W) bool.
inline at::Tensor stacked(const std::vector<AutomaticMask>& masks, cv::Size size) {
  std::vector<BitMask> bits;
  for (const AutomaticMask& mask : masks) {
    bits.push_back(mask.mask);
  }
  return stack_masks(bits, size).to(at::kBool);
}

/// Share of the pixels covered by either that are covered as often by both: Σ min(C, C') / Σ max(C, C').
inline double coverage_iou(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor first = a.sum(0);
  const at::Tensor second = b.sum(0);
  return at::minimum(first, second).sum().item<double>() / at::maximum(first, second).sum().item<double>();
}

/// IoU of each mask of `a` with the one of `b` that is most like it: masks whose scores are equal but for rounding
/// change places. Both (M, H, W) bool, not empty.
inline at::Tensor best_iou(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor first = a.flatten(1).to(at::kFloat);
  const at::Tensor second = b.flatten(1).to(at::kFloat);
  const at::Tensor both = at::matmul(first, second.t());
  return std::get<0>((both / (first.sum(1, true) + second.sum(1) - both)).max(1));
}

}  // namespace samsr::bench
