#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <opencv2/core.hpp>

#include "segmentation/sam/frame.h"
#include "segmentation/sam/network.h"

namespace samsr {

/// What is asked about an image: B prompts, each of points, a box, a mask, or several of these; at least one. What
/// is left undefined is not given.
struct SamPrompts {
  at::Tensor points;  ///< (B, N, 2) float32, x and y in pixels of the image
  at::Tensor labels;  ///< (B, N) int64, 1 foreground, 0 background; with `points`
  at::Tensor boxes;   ///< (B, 4) float32, x and y of the upper left and of the lower right corner
  at::Tensor masks;   ///< (B, 1, side/4, side/4) float32, logits of an earlier answer
};

/// Segment Anything for chosen prompts: one image, then any number of questions. Answers are on the CPU.
class SamPredictor {
 public:
  explicit SamPredictor(std::shared_ptr<SamNetwork> network);

  /// rgb: CV_8UC3, any size.
  void set_image(const cv::Mat& rgb);

  /// Three masks a prompt, for prompts that may mean several things, or with `multimask` false one.
  SamMasks predict(const SamPrompts& prompts, bool multimask) const;

  /// Logits of masks (B, M, side/4, side/4) at the size of the image: (B, M, H, W) float32.
  at::Tensor at_image_size(const at::Tensor& logits) const;

  /// Embedding of the image: (1, C, grid, grid) float32 on the network's device.
  const at::Tensor& embedding() const;

 private:
  const std::shared_ptr<SamNetwork> network_;
  SamFrame frame_;
  at::Tensor embedding_;
};

}  // namespace samsr
