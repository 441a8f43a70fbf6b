#include "segmentation/coverage_of.h"

#include "degradation/convert.h"
#include "degradation/resize.h"
#include "diffusion/coverage.h"

namespace samsr {

cv::Mat enlarged_for_masks(const cv::Mat& lr, int scale) {
  CV_Assert(lr.type() == CV_8UC3 && !lr.empty() && scale > 0);
  return scale == 1 ? lr : to_bytes(resize_to(to_unit(lr), lr.size() * scale, ResizeMode::kBicubic));
}

std::vector<PictureMasks> coverage_of(const std::vector<cv::Mat>& enlarged, int scale, MaskSource& source,
                                      double threshold) {
  for (const cv::Mat& picture : enlarged) {
    CV_Assert(picture.type() == CV_8UC3 && picture.rows % scale == 0 && picture.cols % scale == 0);
  }
  std::vector<PictureMasks> found;
  for (at::Tensor& masks : source.masks_of(enlarged)) {
    at::Tensor counts = coverage(pool_masks(masks, scale, threshold)).contiguous();
    found.push_back({std::move(masks), std::move(counts)});
  }
  return found;
}

}  // namespace samsr
