#include "segmentation/automatic/automatic_masks.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <iterator>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <utility>

#include "core/kernels.h"
#include "core/parallel.h"
#include "segmentation/automatic/crop_layout.h"
#include "segmentation/automatic/mask_upscaler.h"
#include "segmentation/automatic/packed_candidates.h"
#include "segmentation/automatic/small_regions.h"

namespace samsr {
namespace {

/// A mask's pixels in a crop, read off its logits row by row.
class CropMask {
 public:
  CropMask(cv::Size image, cv::Rect crop, float offset)
      : bits_(image), crop_(crop), offset_(offset), positive_(static_cast<std::size_t>(crop.width)) {}

  void add_row(int y, const float* logits) {
    int positive = 0;
    int above = 0;
    int below = 0;
    for (int x = 0; x < crop_.width; ++x) {
      const bool inside = logits[x] > 0;
      positive_[static_cast<std::size_t>(x)] = inside;
      positive += inside;
      above += logits[x] > offset_;
      below += logits[x] > -offset_;
    }
    above_ += above;
    below_ += below;
    if (positive == 0) {
      return;
    }
    const auto first = std::find(positive_.begin(), positive_.end(), 1);
    const auto last = std::find(positive_.rbegin(), positive_.rend(), 1);
    const int left = crop_.x + static_cast<int>(first - positive_.begin());
    const int right = crop_.x + static_cast<int>(positive_.rend() - last) - 1;
    box_ = found_ ? MaskBox{std::min(box_.left, left), box_.top, std::max(box_.right, right), crop_.y + y}
                  : MaskBox{left, crop_.y + y, right, crop_.y + y};
    found_ = true;
    bits_.set_row(crop_.y + y, crop_.x, positive_.data(), crop_.width);
  }

  /// Not a number when no logit is above -offset; such a mask is never stable.
  float stability() const { return static_cast<float>(above_) / static_cast<float>(below_); }
  MaskBox box() const { return found_ ? box_ : MaskBox{crop_.x, crop_.y, crop_.x, crop_.y}; }
  BitMask take_bits() { return std::move(bits_); }

 private:
  BitMask bits_;
  const cv::Rect crop_;
  const float offset_;
  std::vector<std::uint8_t> positive_;
  std::int64_t above_ = 0;
  std::int64_t below_ = 0;
  bool found_ = false;
  MaskBox box_;
};

std::vector<AutomaticMask> pick(std::vector<AutomaticMask>& masks, const std::vector<std::size_t>& indices) {
  std::vector<AutomaticMask> picked;
  picked.reserve(indices.size());
  for (const std::size_t index : indices) {
    picked.push_back(std::move(masks[index]));
  }
  return picked;
}

template <class Score>
std::vector<AutomaticMask> suppress(std::vector<AutomaticMask> masks, double threshold, Score score) {
  std::vector<MaskBox> boxes;
  std::vector<float> scores;
  for (const AutomaticMask& mask : masks) {
    boxes.push_back(mask.box);
    scores.push_back(score(mask));
  }
  return pick(masks, suppress_boxes(boxes, scores, threshold));
}

/// Turns answers into candidates of the image, those that pass stability and the crop's edges.
std::vector<AutomaticMask> read_answers(const PointMasks& answers, const std::vector<cv::Point2d>& points,
                                        const MaskUpscaler& upscaler, cv::Size image, cv::Rect crop,
                                        const AutomaticMaskSettings& settings) {
  const std::int64_t count = answers.point.numel();
  const at::Tensor logits = answers.logits.contiguous();
  const auto least_stable = static_cast<float>(settings.stability_score_thresh);
  std::vector<std::optional<AutomaticMask>> read(static_cast<std::size_t>(count));
  in_parallel(count, [&](std::int64_t i) {
    CropMask mask(image, crop, static_cast<float>(settings.stability_score_offset));
    upscaler.upscale(logits.const_data_ptr<float>() + i * logits.size(1) * logits.size(2),
                     [&](int y, const float* row) { mask.add_row(y, row); });
    const float stability = mask.stability();
    const bool stable = settings.stability_score_thresh <= 0 || stability >= least_stable;
    if (stable && !cut_off(mask.box(), crop, image)) {
      const cv::Point2d point = points[static_cast<std::size_t>(answers.point.const_data_ptr<std::int64_t>()[i])];
      read[static_cast<std::size_t>(i)] = AutomaticMask{mask.take_bits(),
                                                        mask.box(),
                                                        answers.iou.const_data_ptr<float>()[i],
                                                        stability,
                                                        point + cv::Point2d(crop.tl()),
                                                        crop};
    }
  });
  std::vector<AutomaticMask> masks;
  for (auto& mask : read) {
    if (mask) {
      masks.push_back(std::move(*mask));
    }
  }
  return masks;
}

/// The masks of a crop of an image of size `image`; the decoder knows the crop under `number`.
std::vector<AutomaticMask> masks_of_crop(cv::Size image, const ImageCrop& crop, std::size_t number,
                                         const AutomaticMaskSettings& settings, PointDecoder& decoder) {
  std::vector<cv::Point2d> points = point_grid(settings.points_per_side_of(crop.layer));
  at::Tensor all = at::empty({static_cast<std::int64_t>(points.size()), 2}, at::kFloat);
  auto* coordinates = all.data_ptr<float>();
  for (cv::Point2d& point : points) {
    point = {point.x * crop.rect.width, point.y * crop.rect.height};
    *coordinates++ = static_cast<float>(point.x);
    *coordinates++ = static_cast<float>(point.y);
  }
  const std::optional<double> min_iou =
      settings.pred_iou_thresh > 0 ? std::optional(settings.pred_iou_thresh) : std::nullopt;
  std::optional<MaskUpscaler> upscaler;
  PackedCandidates packed(image, crop.rect, decoder.input_side(), settings);
  bool on_device = false;
  std::vector<AutomaticMask> masks;
  for (std::int64_t first = 0; first < all.size(0); first += settings.points_per_batch) {
    const std::int64_t end = std::min(first + settings.points_per_batch, all.size(0));
    const PointMasks answers = decoder.decode_in(number, all.slice(0, first, end), min_iou);
    const std::vector<cv::Point2d> asked(points.begin() + first, points.begin() + end);
    on_device = !cpu_kernels(answers.logits);
    if (on_device) {
      packed.add(answers, asked);
      continue;
    }
    if (!upscaler) {
      upscaler.emplace(answers.logits.size(2), decoder.input_side(), crop.rect.size());
    }
    std::vector<AutomaticMask> found = read_answers(answers, asked, *upscaler, image, crop.rect, settings);
    std::move(found.begin(), found.end(), std::back_inserter(masks));
  }
  if (on_device) {
    return packed.take();
  }
  return suppress(std::move(masks), settings.box_nms_thresh,
                  [](const AutomaticMask& mask) { return mask.predicted_iou; });
}

MaskBox box_of(const cv::Mat& mask) {
  const cv::Rect rect = cv::boundingRect(mask);
  return rect.empty() ? MaskBox{} : MaskBox{rect.x, rect.y, rect.br().x - 1, rect.br().y - 1};
}

/// Cleans the masks of small holes and islands; of masks that have become alike, one that did not need it is
/// preferred.
std::vector<AutomaticMask> clean(std::vector<AutomaticMask> masks, int min_area, double threshold) {
  std::vector<MaskBox> boxes;
  std::vector<float> untouched;
  for (AutomaticMask& mask : masks) {
    cv::Mat pixels = mask.mask.to_mat();
    const bool changed = clean_small_regions(pixels, min_area);
    if (changed) {
      mask.mask = BitMask(pixels);
      mask.box = box_of(pixels);
    }
    boxes.push_back(mask.box);
    untouched.push_back(changed ? 0.0F : 1.0F);
  }
  return pick(masks, suppress_boxes(boxes, untouched, threshold));
}

/// What several crops of one image have found, put together.
std::vector<AutomaticMask> merge(std::vector<AutomaticMask> masks, std::size_t crops,
                                 const AutomaticMaskSettings& settings) {
  if (crops > 1) {
    masks = suppress(std::move(masks), settings.crop_nms_thresh,
                     [](const AutomaticMask& mask) { return 1.0F / static_cast<float>(mask.crop.area()); });
  }
  if (settings.min_mask_region_area > 0 && !masks.empty()) {
    masks = clean(std::move(masks), settings.min_mask_region_area,
                  std::max(settings.box_nms_thresh, settings.crop_nms_thresh));
  }
  return masks;
}

}  // namespace

std::vector<std::vector<AutomaticMask>> generate_masks(const std::vector<cv::Mat>& images,
                                                       const AutomaticMaskSettings& settings, PointDecoder& decoder) {
  settings.check();
  const at::NoGradGuard no_grad;
  std::vector<std::vector<ImageCrop>> layouts;
  std::vector<cv::Mat> pieces;
  for (const cv::Mat& rgb : images) {
    CV_Assert(rgb.type() == CV_8UC3 && !rgb.empty());
    layouts.push_back(lay_out_crops(rgb.size(), settings.crop_n_layers, settings.crop_overlap_ratio));
    for (const ImageCrop& crop : layouts.back()) {
      pieces.push_back(rgb(crop.rect));
    }
  }
  decoder.set_images(pieces);
  std::vector<std::vector<AutomaticMask>> results;
  std::size_t piece = 0;
  for (std::size_t i = 0; i < images.size(); ++i) {
    std::vector<AutomaticMask> masks;
    for (const ImageCrop& crop : layouts[i]) {
      std::vector<AutomaticMask> found = masks_of_crop(images[i].size(), crop, piece++, settings, decoder);
      std::move(found.begin(), found.end(), std::back_inserter(masks));
    }
    results.push_back(merge(std::move(masks), layouts[i].size(), settings));
  }
  return results;
}

}  // namespace samsr
