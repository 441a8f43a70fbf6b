#include "segmentation/automatic/crop_layout.h"

#include <algorithm>
#include <cmath>

namespace samsr {
namespace {

/// Length of each of `count` pieces of `length` pixels of which neighbours share `overlap`.
int piece_length(int length, int count, int overlap) {
  return static_cast<int>(std::ceil(static_cast<double>(overlap * (count - 1) + length) / count));
}

}  // namespace

std::vector<ImageCrop> lay_out_crops(cv::Size image, int layers, double overlap) {
  std::vector<ImageCrop> crops{{cv::Rect({0, 0}, image), 0}};
  for (int layer = 1; layer <= layers; ++layer) {
    const int count = 1 << layer;
    const int shared = static_cast<int>(overlap * std::min(image.width, image.height) * (2.0 / count));
    const cv::Size size(piece_length(image.width, count, shared), piece_length(image.height, count, shared));
    for (int column = 0; column < count; ++column) {
      for (int row = 0; row < count; ++row) {
        const cv::Rect piece({(size.width - shared) * column, (size.height - shared) * row}, size);
        crops.push_back({piece & crops.front().rect, layer});
      }
    }
  }
  return crops;
}

std::vector<cv::Point2d> point_grid(int n) {
  std::vector<cv::Point2d> points;
  for (int y = 0; y < n; ++y) {
    for (int x = 0; x < n; ++x) {
      points.emplace_back((x + 0.5) / n, (y + 0.5) / n);
    }
  }
  return points;
}

}  // namespace samsr
