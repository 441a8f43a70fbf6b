#pragma once

#include <ATen/core/Tensor.h>
#include <torch/torch.h>

#include <cstdint>

#include "segmentation/sam/folded_attention.h"

namespace samsr {

/// One way of many points' images through a block of the two-way transformer: the image attends to the tokens, is
/// normalised, and the tokens attend to it. One point's image after the other on each core of a CPU, in tiles that
/// stay in its cache; all at once elsewhere.
class SamImagePass {
 public:
  /// positions (P, C), of the type of the images.
  SamImagePass(const at::Tensor& positions, std::int64_t heads) : positions_(positions), heads_(heads) {}

  /// image (N, P, C), or (1, P, C) for one that all points share: becomes norm(image + attention to the keys) in
  /// `out` (N, P, C), which may be `image`, and which is another tensor then where no CPU's kernels compute. Returns
  /// the means of `out` by the attention of the queries (N, M, C), float32.
  at::Tensor operator()(const at::Tensor& image, const FoldedKeys& keys, const torch::nn::LayerNorm& norm,
                        const at::Tensor& queries, at::Tensor& out) const;

 private:
  /// The same for one point on one core: image and out (P, C), the rest without N.
  at::Tensor pass_one(const at::Tensor& image, const FoldedKeys& keys, const torch::nn::LayerNorm& norm,
                      const at::Tensor& queries, at::Tensor& out) const;
  at::Tensor pass_all(const at::Tensor& image, const FoldedKeys& keys, const torch::nn::LayerNorm& norm,
                      const at::Tensor& queries, at::Tensor& out) const;

  const at::Tensor positions_;
  const std::int64_t heads_;
};

}  // namespace samsr
