#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "segmentation/point_decoder.h"
#include "segmentation/sam/frame.h"
#include "segmentation/sam/image_pass.h"
#include "segmentation/sam/mask_head.h"
#include "segmentation/sam/network.h"

namespace samsr {

/// Segment Anything for very many single points. The answers are SamPredictor's, to rounding, for a fraction of
/// the work: what the points share is computed once, the image's projections are folded into the few tokens, and
/// only masks that are wanted are enlarged. A point's answer does not depend on its batch. On a GPU each batch of
/// points waits once for the device, to learn which masks are wanted.
class SamPointDecoder final : public PointDecoder {
 public:
  /// The network must not change any more; its precision() is that of the image's side. points_at_a_time bounds
  /// the memory: 4 MiB a point for the released networks in float32. images_at_a_time: that are encoded together.
  explicit SamPointDecoder(std::shared_ptr<SamNetwork> network, std::int64_t points_at_a_time = 64,
                           std::size_t images_at_a_time = 1);

  std::int64_t input_side() const override { return network_->sizes.img_size; }
  void set_images(const std::vector<cv::Mat>& rgb) override;
  PointMasks decode_in(std::size_t image, const at::Tensor& points, std::optional<double> min_iou) override;

 private:
  /// The answers to some points before their masks are enlarged.
  struct Answers {
    at::Tensor image;   ///< (N, P, C)
    at::Tensor tokens;  ///< (N, T, C) float32
  };
  /// Makes an image the one that the points lie in.
  void select(std::size_t image);
  Answers transform(const at::Tensor& points) const;
  PointMasks decode_batch(const at::Tensor& points, std::optional<double> min_iou) const;
  /// What the hypernetworks make of the tokens: (N, 3, C/8) float32.
  at::Tensor weights_of(const Answers& answers) const;
  /// Logits of the wanted masks, whose point and mask are on the CPU and lie point by point; by the kernels of a CPU,
  /// one point on each core, or by the library's, many points at once.
  at::Tensor logits_one_by_one(const Answers& answers, const at::Tensor& point, const at::Tensor& mask) const;
  at::Tensor logits_at_once(const Answers& answers, const at::Tensor& point, const at::Tensor& mask) const;

  const std::shared_ptr<SamNetwork> network_;
  const std::int64_t points_at_a_time_;
  const std::size_t images_at_a_time_;
  const at::Tensor positions_;  ///< (P, C) float32
  const at::Tensor labels_;     ///< (2) int64: a point of the foreground, and none
  const SamImagePass image_pass_;
  const SamMaskHead mask_head_;

  std::vector<SamFrame> frames_;
  std::vector<at::Tensor> embeddings_;  ///< of each image, (C, grid, grid) float32
  std::optional<std::size_t> selected_;
  /// The selected image, which all points share until the first block is through, and what they meet of it there.
  at::Tensor image_;         ///< (1, P, C) of the network's precision
  at::Tensor first_keys_;    ///< (1, H, P, d) float32
  at::Tensor first_values_;  ///< (1, H, P, d) float32
};

}  // namespace samsr
