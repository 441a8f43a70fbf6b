#pragma once
// Segment Anything's prompt encoder: points and boxes become tokens, a mask becomes an addition to the image
// embedding, positions become random Fourier features.

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "segmentation/sam/architecture.h"
#include "segmentation/sam/layers.h"

namespace samsr {

/// Without gradients. Positions are in pixels of the square the network sees.
class SamPromptEncoder : public torch::nn::Module {
 public:
  explicit SamPromptEncoder(const SamArchitecture& sizes);

  /// points (B, N, 2) x and y, labels (B, N) int64: 1 foreground, 0 background, -1 no point. -> (B, N, C).
  at::Tensor embed_points(const at::Tensor& points, const at::Tensor& labels);
  /// boxes (B, 4): x and y of the upper left, then of the lower right corner. -> (B, 2, C).
  at::Tensor embed_boxes(const at::Tensor& boxes);
  /// mask (B, 1, 4·grid, 4·grid), logits -> (B, C, grid, grid).
  at::Tensor embed_mask(const at::Tensor& mask);
  /// What stands in for a mask that was not given: (1, C, 1, 1).
  at::Tensor no_mask() const;
  /// Features of the centres of the grid's patches: (1, C, grid, grid).
  at::Tensor grid_positions() const;

 private:
  /// x and y in [0, 1] (…, 2) -> (…, C).
  at::Tensor features(const at::Tensor& unit_positions) const;

  const std::int64_t img_size_;
  const std::int64_t grid_;
  at::Tensor gaussian_;                        ///< (2, C/2)
  std::vector<torch::nn::Embedding> corners_;  ///< background, foreground, upper left, lower right
  torch::nn::Embedding not_a_point_{nullptr};
  torch::nn::Conv2d mask_in_{nullptr};
  std::shared_ptr<LayerNorm2d> mask_norm_in_;
  torch::nn::Conv2d mask_middle_{nullptr};
  std::shared_ptr<LayerNorm2d> mask_norm_middle_;
  torch::nn::Conv2d mask_out_{nullptr};
  torch::nn::Embedding no_mask_{nullptr};
};

}  // namespace samsr
