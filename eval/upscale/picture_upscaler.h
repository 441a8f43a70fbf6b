#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <opencv2/core.hpp>
#include <string>

#include "eval/upscale/tiling.h"

namespace samsr {

/// Takes the next rows of a result, RGB of its depth, from the top.
using TakeResult = std::function<void(const cv::Mat& rows)>;
/// Told after each tile.
using TakeProgress = std::function<void(std::size_t tiles_done, std::size_t tiles)>;

/// Whatever enlarges pictures of any size, tile by tile: a model of samsr's kinds, or a compared method's.
class PictureUpscaler {
 public:
  virtual ~PictureUpscaler() = default;

  /// HR pixels per LR pixel along an axis.
  virtual std::int64_t scale() const = 0;
  /// One line for the log: what is sampled, and how.
  virtual std::string describe() const = 0;
  /// What the user chose so that the model is not used as it was published, as a line for the log; empty where nothing
  /// is.
  virtual std::string departure() const { return {}; }

  /// The tiles that a picture of this size is cut into.
  virtual TilePlan plan(cv::Size size) const = 0;
  /// Memory of this process that a picture cut so takes, all in all, beside what is read and written of files; MB.
  virtual double memory_mb(const TilePlan& plan) const = 0;

  /// RGB (H,W), any size, CV_8UC3 or CV_16UC3, to RGB (scale·H, scale·W) of `depth`, CV_8U or CV_16U, given away row by
  /// row. The network sees all 16 bits. Beside the picture and its coverage no more is held than what a row of tiles
  /// needs. UserError naming the model when its answer is not finite.
  virtual void upscale(const cv::Mat& rgb, int depth, const TakeResult& take, const TakeProgress& progress) const = 0;

  /// The same as a whole.
  cv::Mat upscale(const cv::Mat& rgb, int depth = CV_8U) const;
};

/// Whether the sum of a network's answer is a number. UserError naming the model, `name`, where it is not.
void check_answer(const at::Tensor& answer, const std::string& name);

/// 255 for CV_8U, 65535 for CV_16U.
double largest_level(int depth);

/// CV_8UC3 or CV_16UC3 RGB to its levels (1,3,H,W) float32.
at::Tensor levels_of(const cv::Mat& rgb);

/// (1,3,H,W) float32 levels to RGB of `depth`, rounded and cut to what it holds.
cv::Mat picture_from_levels(const at::Tensor& levels, int depth);

}  // namespace samsr
