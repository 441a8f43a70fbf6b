#include "data/build/crop.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/rng.h"

namespace samsr {
namespace {

/// A position of a piece of `size` within `extent`.
int draw_offset(int extent, int size, Rng& rng) {
  return static_cast<int>(rng.below(static_cast<std::uint64_t>(std::max(extent - size, 0) + 1)));
}

/// Side of the square that is taken from a photograph.
int draw_side(const DataSettings& settings, int shorter_side, std::uint64_t seed) {
  if (settings.rescale_gt) {
    return std::max(shorter_side, settings.gt_size);
  }
  if (!settings.random_scale || shorter_side <= settings.crop_pad_size) {
    return settings.crop_pad_size;
  }
  Rng rng(seed, "scale");
  return settings.crop_pad_size + draw_offset(shorter_side, settings.crop_pad_size, rng);
}

/// Side of the piece that becomes a sample.
int piece_side(const DataSettings& settings) { return settings.rescale_gt ? settings.gt_size : settings.crop_pad_size; }

}  // namespace

int crop_size(const DataSettings& settings) { return piece_side(settings); }

cv::Mat large_enough(const cv::Mat& photograph, const DataSettings& settings) {
  const int shorter = std::min(photograph.rows, photograph.cols);
  if (settings.small_photographs != kEnlargeSmall || shorter >= crop_size(settings)) {
    return photograph;
  }
  const double factor = static_cast<double>(crop_size(settings)) / shorter;
  const auto side = [&](int length) {
    return std::max(static_cast<int>(std::lround(length * factor)), crop_size(settings));
  };
  cv::Mat enlarged;
  cv::resize(photograph, enlarged, cv::Size(side(photograph.cols), side(photograph.rows)), 0, 0, cv::INTER_CUBIC);
  return enlarged;
}

CropPlan draw_crop(const DataSettings& settings, cv::Size photograph, std::uint64_t seed) {
  Rng rng(seed, "crop");
  const int side = draw_side(settings, std::min(photograph.width, photograph.height), seed);
  CropPlan plan;
  plan.rect.x = draw_offset(photograph.width, side, rng);
  plan.rect.y = draw_offset(photograph.height, side, rng);
  plan.rect.width = plan.rect.height = side;
  plan.hflip = rng.bernoulli(0.5) && settings.use_hflip;
  plan.vflip = rng.bernoulli(0.5) && settings.use_rot;
  plan.transpose = rng.bernoulli(0.5) && settings.use_rot;
  return plan;
}

cv::Mat cut(const cv::Mat& photograph, const CropPlan& plan, const DataSettings& settings) {
  CV_Assert(photograph.type() == CV_8UC3);
  cv::Mat piece = photograph(plan.rect & cv::Rect(0, 0, photograph.cols, photograph.rows)).clone();
  // Mirrored no further than it is wide: a very small photograph is continued several times.
  while (piece.rows < plan.rect.height || piece.cols < plan.rect.width) {
    const int below = std::min(plan.rect.height - piece.rows, piece.rows);
    const int right = std::min(plan.rect.width - piece.cols, piece.cols);
    cv::copyMakeBorder(piece, piece, 0, below, 0, right, cv::BORDER_REFLECT_101);
  }
  if (const int side = piece_side(settings); piece.cols != side) {
    cv::resize(piece, piece, cv::Size(side, side), 0, 0, cv::INTER_AREA);
  }
  if (plan.hflip) {
    cv::flip(piece, piece, 1);
  }
  if (plan.vflip) {
    cv::flip(piece, piece, 0);
  }
  if (plan.transpose) {
    cv::transpose(piece, piece);
  }
  return piece;
}

}  // namespace samsr
