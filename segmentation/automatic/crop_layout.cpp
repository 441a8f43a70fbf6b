#include "segmentation/automatic/crop_layout.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace samsr {
namespace {

/// How near to a crop's edge, pixels, a mask counts as cut off.
constexpr int kEdgeTolerance = 20;

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

bool cut_off(const MaskBox& box, cv::Rect crop, cv::Size image) {
  const auto at_inner_edge = [](int side, int crop_edge, int image_edge) {
    return std::abs(side - crop_edge) <= kEdgeTolerance && std::abs(side - image_edge) > kEdgeTolerance;
  };
  return at_inner_edge(box.left, crop.x, 0) || at_inner_edge(box.top, crop.y, 0) ||
         at_inner_edge(box.right, crop.x + crop.width, image.width) ||
         at_inner_edge(box.bottom, crop.y + crop.height, image.height);
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
