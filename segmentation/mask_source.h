#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstddef>
#include <memory>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "segmentation/settings.h"

namespace samsr {

/// What finds the masks of an image, masks.source. One object serves one thread.
class MaskSource {
 public:
  virtual ~MaskSource() = default;

  /// images: CV_8UC3 (H, W), each of any size. For each (M, H, W) uint8 on the CPU, 0 or 1; M may be 0. A pure
  /// function of the settings and the images, as long as one thread computes it.
  virtual std::vector<at::Tensor> masks_of(const std::vector<cv::Mat>& images) = 0;
  /// The same for one image.
  at::Tensor masks(const cv::Mat& rgb) { return masks_of({rgb}).front(); }

  /// How many images are worth giving at once.
  virtual std::size_t images_at_once() const { return 1; }

  /// "key: value" lines of all that the masks depend on beside the settings: the weights' CRC-32C. May be empty.
  virtual std::string content() const { return {}; }
};

/// The source the settings name; a network computes on `device`. UserError when its weights are missing or do not
/// fit.
std::unique_ptr<MaskSource> make_mask_source(const MaskSettings& settings, c10::Device device = c10::kCPU);

}  // namespace samsr
