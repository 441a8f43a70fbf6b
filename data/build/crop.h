#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

#include "data/build/settings.h"

namespace samsr {

/// Which piece of a photograph a sample shows.
struct CropPlan {
  cv::Rect rect;  ///< of the photograph, before turning; it may reach beyond the right and lower edge
  bool hflip = false;
  bool vflip = false;
  bool transpose = false;
};

/// Draws the piece as the published data set does: a square of data.crop_pad_size pixels (with
/// data.rescale_gt, of the photograph's shorter side; with data.random_scale, of any side between) at a random place,
/// mirrored and turned as data.use_hflip and data.use_rot allow. A pure function of its arguments.
CropPlan draw_crop(const DataSettings& settings, cv::Size photograph, std::uint64_t seed);

/// Side of the smallest photograph that a sample can be cut from without being continued or enlarged, pixels.
int crop_size(const DataSettings& settings);

/// The photograph itself; with data.small_photographs=enlarge one whose shorter side is below crop_size() is enlarged
/// to it by cubic interpolation. CV_8UC3 RGB.
cv::Mat large_enough(const cv::Mat& photograph, const DataSettings& settings);

/// The piece: CV_8UC3 RGB, square, data.crop_pad_size pixels wide (data.gt_size with data.rescale_gt), shrunk
/// to that by areas where more was taken. Where a photograph is too small it is continued by reflection at its right
/// and lower edge.
cv::Mat cut(const cv::Mat& photograph, const CropPlan& plan, const DataSettings& settings);

}  // namespace samsr
