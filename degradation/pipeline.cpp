#include "degradation/pipeline.h"

#include <algorithm>

#include "degradation/bicubic_downscale.h"
#include "degradation/convert.h"
#include "degradation/filter.h"
#include "degradation/jpeg.h"
#include "degradation/kernels.h"
#include "degradation/resize.h"
#include "degradation/sharpen.h"

namespace samsr {

DegradationPipeline::DegradationPipeline(const DegradationSettings& settings, int scale)
    : settings_(settings), scale_(scale) {
  CV_Assert(scale >= 1);
  settings_.check();
}

void DegradationPipeline::add_noise(cv::Mat& image, const NoisePlan& plan, Rng& rng) const {
  if (plan.gaussian) {
    add_gaussian_noise(image, plan.level, plan.grey, rng);
  } else {
    poisson_.add(image, plan.level, plan.grey, rng);
  }
  clamp_to_unit(image);
}

cv::Mat DegradationPipeline::degraded(const cv::Mat& image, const DegradationPlan& plan, std::uint64_t seed) const {
  const cv::Size target(image.cols / scale_, image.rows / scale_);
  Rng first_noise(seed, "degradation noise", {1});
  cv::Mat out = filter_image(image, make_kernel(*plan.first.blur));
  out = resize_by(out, plan.first.resize.factor, plan.first.resize.mode);
  add_noise(out, plan.first.noise, first_noise);
  out = through_jpeg(out, plan.first_jpeg);

  if (plan.second) {
    Rng second_noise(seed, "degradation noise", {2});
    if (plan.second->blur) {
      out = filter_image(out, make_kernel(*plan.second->blur));
    }
    const double factor = plan.second->resize.factor / scale_;
    const cv::Size size(std::max(1, static_cast<int>(image.cols * factor)),
                        std::max(1, static_cast<int>(image.rows * factor)));
    out = resize_to(out, size, plan.second->resize.mode);
    add_noise(out, plan.second->noise, second_noise);
  }

  if (!plan.jpeg_last) {
    out = through_jpeg(out, plan.final_jpeg);
  }
  out = resize_to(out, target, plan.final_resize);
  if (plan.final_sinc) {
    out = filter_image(out, make_kernel(*plan.final_sinc));
  }
  if (plan.jpeg_last) {
    out = through_jpeg(out, plan.final_jpeg);
  }
  return out;
}

DegradedPair DegradationPipeline::degrade(const cv::Mat& hr_rgb, int gt_size, std::uint64_t seed) const {
  const bool bytes = hr_rgb.type() == CV_8UC3;
  CV_Assert((bytes || hr_rgb.type() == CV_32FC3) && gt_size > 0 && gt_size <= std::min(hr_rgb.rows, hr_rgb.cols));
  CV_Assert(hr_rgb.rows % scale_ == 0 && hr_rgb.cols % scale_ == 0 && gt_size % scale_ == 0);
  const int lr_size = gt_size / scale_;
  Rng draws(seed, "degradation");
  const cv::Size crops(hr_rgb.cols / scale_ - lr_size + 1, hr_rgb.rows / scale_ - lr_size + 1);
  cv::Mat source = bytes ? to_unit(hr_rgb) : hr_rgb;
  cv::Mat truth = bytes ? hr_rgb : to_bytes(hr_rgb);
  if (settings_.sharpens()) {
    source = unsharp_mask(source, settings_.usm_radius, settings_.usm_weight, settings_.usm_threshold);
    truth = settings_.sharpens_truth() ? to_bytes(source) : truth;
  }
  DegradedPair pair;
  cv::Point crop;
  cv::Mat low;
  if (settings_.kind == "bicubic") {
    crop = draw_crop_corner(crops, draws);
    low = shrink_bicubic(source, scale_);
    pair.drawn = bicubic_to_json(crop);
  } else {
    const DegradationPlan plan = draw_plan(settings_, crops, draws);
    crop = plan.crop;
    low = degraded(source, plan, seed);
    pair.drawn = to_json(plan);
  }
  pair.hr = truth(cv::Rect(crop.x * scale_, crop.y * scale_, gt_size, gt_size)).clone();
  pair.lr = to_bytes(low)(cv::Rect(crop.x, crop.y, lr_size, lr_size)).clone();
  return pair;
}

}  // namespace samsr
