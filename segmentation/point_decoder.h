#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

namespace samsr {

/// Masks that points were answered with, K of them, ordered by point and then by mask.
struct PointMasks {
  at::Tensor point;  ///< (K) int64 on the CPU, the row of the point that was asked
  at::Tensor mask;   ///< (K) int64 on the CPU, which of the point's three masks (whole, part, subpart)
  at::Tensor iou;    ///< (K) float32 on the CPU, predicted intersection over union
  /// (K, side/4, side/4) float32, side the input_side(), on the device of the network, which may still be busy with
  /// them; a mask is where they are positive.
  at::Tensor logits;
};

/// A network that answers single foreground points with masks: all that automatic mask generation needs of
/// Segment Anything.
class PointDecoder {
 public:
  virtual ~PointDecoder() = default;

  /// Side of the square the network sees, pixels: an image is scaled so that its longer side is that, and
  /// padded at its right and lower edge.
  virtual std::int64_t input_side() const = 0;

  /// The images, or crops of some, that the next points lie in: CV_8UC3 RGB, each of any size.
  virtual void set_images(const std::vector<cv::Mat>& rgb) = 0;

  /// points (N, 2) float32, x and y in pixels of image number `image` of the last set_images(). Three masks a
  /// point, those alone whose predicted IoU is above `min_iou` when it is given: the others need not be computed.
  virtual PointMasks decode_in(std::size_t image, const at::Tensor& points, std::optional<double> min_iou) = 0;

  /// The same for one image.
  void set_image(const cv::Mat& rgb) { set_images({rgb}); }
  PointMasks decode(const at::Tensor& points, std::optional<double> min_iou) { return decode_in(0, points, min_iou); }
};

}  // namespace samsr
