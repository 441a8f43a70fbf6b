#include "degradation/jpeg.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "degradation/convert.h"

namespace samsr {

cv::Mat through_jpeg(const cv::Mat& image, int quality) {
  CV_Assert(quality >= 1 && quality <= 100);
  cv::Mat pixels = to_bytes(image);
  cv::cvtColor(pixels, pixels, cv::COLOR_RGB2BGR);
  std::vector<uchar> file;
  CV_Assert(cv::imencode(".jpg", pixels, file, {cv::IMWRITE_JPEG_QUALITY, quality}));
  cv::imdecode(file, cv::IMREAD_COLOR, &pixels);
  cv::cvtColor(pixels, pixels, cv::COLOR_BGR2RGB);
  return to_unit(pixels);
}

}  // namespace samsr
