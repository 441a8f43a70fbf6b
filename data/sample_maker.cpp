#include "data/sample_maker.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "core/rng.h"
#include "data/crop.h"
#include "data/image_file.h"
#include "degradation/convert.h"
#include "degradation/resize.h"
#include "segmentation/coverage.h"
#include "segmentation/graph_masks.h"

namespace samsr {
namespace {

/// CV_8UC3 to (H, W, 3) uint8, a copy.
at::Tensor interleaved(const cv::Mat& image) {
  CV_Assert(image.isContinuous());
  at::Tensor out = at::empty({image.rows, image.cols, 3}, at::kByte);
  std::memcpy(out.data_ptr(), image.data, out.nbytes());
  return out;
}

/// CV_8UC3 to (1,3,H,W) float in [-1, 1].
at::Tensor network_image(const cv::Mat& image) { return to_tensor(image).to(at::kFloat).div_(127.5).sub_(1.0); }

at::Tensor as_half(const at::Tensor& latent) { return latent.squeeze(0).to(at::kHalf).contiguous(); }

std::string describe(const std::string& path, const CropPlan& crop, std::uint64_t seed, const std::string& drawn) {
  const nlohmann::ordered_json json{{"image", path},
                                    {"crop", {crop.rect.x, crop.rect.y, crop.rect.width, crop.rect.height}},
                                    {"hflip", crop.hflip},
                                    {"vflip", crop.vflip},
                                    {"transpose", crop.transpose},
                                    {"seed", seed},
                                    {"degradation", nlohmann::ordered_json::parse(drawn)}};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);  // a path need not be UTF-8
}

}  // namespace

SampleMaker::SampleMaker(const BuildSettings& settings)
    : settings_(settings),
      degradation_(settings.degradation, settings.data.scale),
      first_stage_(settings.data.latents ? make_first_stage(settings.first_stage) : nullptr) {
  settings_.masks.check();
}

at::Tensor SampleMaker::coverage_of(const cv::Mat& image) const {
  const at::Tensor masks = graph_masks(image, settings_.masks);
  return coverage(pool_masks(masks, settings_.data.scale, settings_.masks.pool_threshold)).contiguous();
}

Sample SampleMaker::make(std::uint64_t index, const cv::Mat& photograph, const std::string& path) const {
  const at::NoGradGuard no_grad;
  const std::uint64_t seed = derive_seed(settings_.data.seed, "sample", {index});
  const CropPlan crop = draw_crop(settings_.data, photograph.size(), seed);
  const DegradedPair pair =
      degradation_.degrade(cut(photograph, crop, settings_.data), settings_.data.gt_size, seed);
  // The masks of SAMSR are those of the low-resolution image enlarged by bicubic interpolation.
  const cv::Mat enlarged = to_bytes(resize_to(to_unit(pair.lr), pair.hr.size(), ResizeMode::kBicubic));

  Sample sample;
  sample.fields.emplace_back("hr", interleaved(pair.hr));
  sample.fields.emplace_back("lr", interleaved(pair.lr));
  sample.fields.emplace_back("coverage", coverage_of(enlarged));
  if (settings_.data.coverage_hr) {
    sample.fields.emplace_back("coverage_hr", coverage_of(pair.hr));
  }
  if (first_stage_ != nullptr) {
    sample.fields.emplace_back("z_hr", as_half(first_stage_->encode(network_image(pair.hr))));
    sample.fields.emplace_back("z_lr",
                               as_half(first_stage_->encode_lq(network_image(pair.lr), settings_.data.scale)));
  }
  sample.texts.emplace_back(kSourceField, describe(path, crop, seed, pair.drawn));
  return sample;
}

}  // namespace samsr
