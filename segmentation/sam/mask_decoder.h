#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <memory>

#include "segmentation/sam/architecture.h"
#include "segmentation/sam/layers.h"
#include "segmentation/sam/two_way_transformer.h"

namespace samsr {

/// Masks of prompts and their predicted intersections over union.
struct SamMasks {
  at::Tensor logits;  ///< (B, M, 4·grid, 4·grid) float32; a mask is where they are positive
  at::Tensor iou;     ///< (B, M) float32
};

/// Segment Anything's mask decoder. Four masks: [0] for prompts that mean one thing, [1..3] for those that may
/// mean three. The layers are open to SamPointDecoder.
class SamMaskDecoder : public torch::nn::Module {
 public:
  static constexpr std::int64_t kMasks = 4;

  explicit SamMaskDecoder(const SamArchitecture& sizes);

  /// image (B, C, grid, grid): embedding of the image with that of the mask added; image_positions
  /// (1, C, grid, grid); prompts (B, n, C). All four masks.
  SamMasks forward(const at::Tensor& image, const at::Tensor& image_positions, const at::Tensor& prompts);

  /// What the transformer starts from: (B, 5 + n, C), the token of the IoU, those of the masks, the prompts.
  at::Tensor tokens_of(const at::Tensor& prompts) const;

  std::shared_ptr<TwoWayTransformer> transformer;
  torch::nn::Embedding iou_token{nullptr};           ///< (1, C)
  torch::nn::Embedding mask_tokens{nullptr};         ///< (4, C)
  torch::nn::ConvTranspose2d upscaling_in{nullptr};  ///< C -> C/4, doubles the side
  std::shared_ptr<LayerNorm2d> upscaling_norm;
  torch::nn::ConvTranspose2d upscaling_out{nullptr};  ///< C/4 -> C/8, doubles the side
  std::array<std::shared_ptr<SamMlp>, kMasks> hypernetworks;
  std::shared_ptr<SamMlp> iou_head;
};

}  // namespace samsr
