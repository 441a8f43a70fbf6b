#include "data/images/empty_alpha.h"

#include <cstdint>
#include <vector>

namespace samsr {
namespace {

template <class T>
bool last_channel_is_zero(const cv::Mat& pixels) {
  const int channels = pixels.channels();
  for (int y = 0; y < pixels.rows; ++y) {
    const T* row = pixels.ptr<T>(y);
    for (int x = 0; x < pixels.cols; ++x) {
      if (row[x * channels + channels - 1] != 0) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

bool alpha_is_empty(const cv::Mat& pixels) {
  return pixels.depth() == CV_16U ? last_channel_is_zero<std::uint16_t>(pixels) : last_channel_is_zero<uchar>(pixels);
}

cv::Mat without_alpha(const cv::Mat& pixels) {
  cv::Mat opaque(pixels.size(), CV_MAKETYPE(pixels.depth(), pixels.channels() - 1));
  std::vector<int> pairs;
  for (int c = 0; c < opaque.channels(); ++c) {
    pairs.insert(pairs.end(), {c, c});
  }
  cv::mixChannels(&pixels, 1, &opaque, 1, pairs.data(), pairs.size() / 2);
  return opaque;
}

}  // namespace samsr
