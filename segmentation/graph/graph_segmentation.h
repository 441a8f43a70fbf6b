#pragma once

#include <opencv2/core.hpp>
#include <vector>

namespace samsr {

/// One scale of the graph segmentation.
struct GraphScale {
  double k = 200;      ///< larger: larger segments
  int min_size = 100;  ///< pixels; smaller segments are merged into a neighbour
};

/// A partition of an image.
struct Segments {
  cv::Mat labels;         ///< CV_32S (H, W), 0 … count - 1 in the order of their first pixels
  std::vector<int> area;  ///< pixels of each label
};

/// Efficient graph-based segmentation (Felzenszwalb and Huttenlocher 2004) of `image` (CV_8UC3; the order of
/// the channels does not matter), blurred by a Gaussian of `sigma` pixels, on the grid of eight neighbours
/// with colour distance as weight, at several scales. The edges are sorted once for all scales. Integer
/// arithmetic throughout: the same labels on every machine.
std::vector<Segments> segment_graph(const cv::Mat& image, double sigma, const std::vector<GraphScale>& scales);

}  // namespace samsr
