#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "eval/upscale/picture_upscaler.h"
#include "eval/upscale/upscaler.h"
#include "models/peers/peer_model.h"

namespace samsr {

/// A compared method, ready for pictures of any size. A picture that fits into a tile is padded and enlarged as the
/// method's own program does it; of a larger one each tile leaves a margin out, as wide as its network looks, or, of
/// networks that look far, 40 LR pixels. The result is a function of (weights, settings, picture).
class PeerUpscaler : public PictureUpscaler {
 public:
  using PictureUpscaler::upscale;

  /// `model` must outlive the upscaler; `name`: what messages call it. Moves the model's weights to numbers of the
  /// settings' precision, on its device. UserError when a setting is for samsr's own models, or for another method, or
  /// tile and overlap contradict each other.
  PeerUpscaler(PeerModel& model, const UpscaleSettings& settings, std::string name);

  std::int64_t scale() const override { return model_.traits().scale; }
  std::string describe() const override;
  TilePlan plan(cv::Size size) const override;
  double memory_mb(const TilePlan& plan) const override;
  void upscale(const cv::Mat& rgb, int depth, const TakeResult& take, const TakeProgress& progress = {}) const override;

 private:
  TileSettings tiles_of(std::int64_t side) const;
  std::int64_t largest_tile() const;
  std::int64_t tiles_at_once() const;

  PeerModel& model_;
  const UpscaleSettings settings_;
  const std::string name_;
};

/// The picture as SwinIR's program pads it: its flipped self appended below and to the right up to the next multiple of
/// `window`, a whole window where it is one already. Of any type.
cv::Mat flip_padded(const cv::Mat& picture, int window);

}  // namespace samsr
