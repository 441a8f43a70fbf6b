#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "segmentation/automatic/mask_box.h"

namespace samsr {

/// A piece of an image in which masks are looked for, and its layer: layer 0 is the image, layer n ≥ 1 cuts it
/// into 4ⁿ overlapping pieces.
struct ImageCrop {
  cv::Rect rect;
  int layer = 0;
};

/// The crops of Segment Anything's generator, `layers` beyond the image itself. overlap: share of the image's
/// shorter side that neighbours of the first layer have in common; halved with every layer.
std::vector<ImageCrop> lay_out_crops(cv::Size image, int layers, double overlap);

/// Whether a side of a mask's box lies at an edge of its crop that is not also one of the image, so that the mask may
/// go on beyond it.
bool cut_off(const MaskBox& box, cv::Rect crop, cv::Size image);

/// n × n points in the middles of the cells of a grid over the unit square, row by row: x and y in (0, 1).
std::vector<cv::Point2d> point_grid(int n);

}  // namespace samsr
