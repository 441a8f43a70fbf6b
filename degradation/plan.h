#pragma once
// Everything that is drawn for one pair, before any pixel is touched: so that it can be recorded, and so
// that what is drawn does not depend on the picture. Only the noise fields themselves come later, from
// streams of their own.

#include <optional>
#include <string>

#include "core/rng.h"
#include "degradation/kernels.h"
#include "degradation/resize.h"
#include "degradation/settings.h"

namespace samsr {

struct ResizePlan {
  double factor = 1;  ///< of the image's size in the first order, of the target's in the second
  ResizeMode mode = ResizeMode::kArea;
};

struct NoisePlan {
  bool gaussian = true;  ///< else Poisson
  double level = 0;      ///< standard deviation in 1/255, or the Poisson scale
  bool grey = false;
};

struct OrderPlan {
  std::optional<KernelSpec> blur;
  ResizePlan resize;
  NoisePlan noise;
};

struct DegradationPlan {
  OrderPlan first;
  int first_jpeg = 95;  ///< quality
  std::optional<OrderPlan> second;
  bool jpeg_last = false;  ///< resize, sinc, JPEG; else JPEG, resize, sinc
  ResizeMode final_resize = ResizeMode::kArea;
  std::optional<KernelSpec> final_sinc;
  int final_jpeg = 95;
  cv::Point crop;  ///< of the low-resolution image, pixels
};

/// Draws one plan as the published data set and trainer of ResShift do. `crops`: how many horizontal and
/// vertical positions the crop can take, at least 1 each.
DegradationPlan draw_plan(const DegradationSettings& settings, cv::Size crops, Rng& rng);

/// Which of the `crops` positions the low-resolution image has, pixels.
cv::Point draw_crop_corner(cv::Size crops, Rng& rng);

/// The plan as one line of JSON, with the names of the settings.
std::string to_json(const DegradationPlan& plan);
/// The same for degradation.kind: bicubic, which draws the corner alone.
std::string bicubic_to_json(cv::Point corner);

}  // namespace samsr
