#pragma once

#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>
#include <string>

#include "core/settings.h"
#include "data/images/image_encoder.h"
#include "eval/upscale/tiling.h"
#include "models/super_resolution/super_resolution_model.h"
#include "segmentation/mask_source.h"

namespace samsr {

/// Section `upscale.`.
struct UpscaleSettings {
  TileSettings tiles{.tile = 0};  ///< a tile of 0: by the first stage
  std::uint64_t seed = 1;
  std::string sampler = "auto";
  std::string noise = "auto";
  std::string masks = "auto";
  std::int64_t mask_window = 64;  ///< LR pixels; what a training crop shows of the scene
  std::string format = "png";     ///< of results whose names do not say it
  EncoderSettings encoder;
  std::string bits = "auto";
  ImageLimits images{};  ///< of pictures that are read; section `images.`
  bool resume = true;

  void bind(Settings& settings);
};

/// A model ready for pictures of any size. The result is a pure function of (weights, settings, picture), and
/// away from the borders the same for any tiles.
class Upscaler {
 public:
  /// `loaded` must outlive the upscaler. `masks`: how the masks of SAM noise are made. UserError when their weights
  /// are missing, or sampler, noise and masks contradict each other.
  Upscaler(LoadedModel& loaded, const UpscaleSettings& settings, const MaskSettings& masks);

  std::int64_t scale() const { return model_.settings().scale; }
  bool uses_masks() const { return masks_ != nullptr; }
  /// One line for the log: sampler and noise in use.
  std::string describe() const;

  /// RGB (H,W), any size, CV_8UC3 or CV_16UC3, to RGB (scale·H, scale·W) of `depth`, CV_8U or CV_16U. The network sees
  /// all 16 bits.
  cv::Mat upscale(const cv::Mat& rgb, int depth = CV_8U) const;

 private:
  /// x_T - z_y of the student over the whole padded picture: (1,C,h,w).
  at::Tensor student_shift(const cv::Mat& rgb, const TilePlan& plan) const;
  TileModel student(const cv::Mat& rgb, const TilePlan& plan) const;
  TileModel teacher(const TilePlan& plan) const;

  SuperResolutionModel& model_;
  const UpscaleSettings settings_;
  const double pool_threshold_;
  const std::string sampler_;
  const std::unique_ptr<MaskSource> masks_;  ///< null for plain noise
  const std::string masks_name_;
};

/// Number of masks over each pixel of an LR picture: CV_8UC3 or CV_16UC3 RGB (H,W) to (1,1,H,W) uint8. The enlarged
/// picture (enlarged_for_masks) is segmented window by window, `window` LR pixels at most a side, so that segments have
/// the sizes that the masks of training crops have, and memory is bounded.
at::Tensor picture_coverage(const cv::Mat& rgb, std::int64_t scale, std::int64_t window, MaskSource& masks,
                            double pool_threshold);

}  // namespace samsr
