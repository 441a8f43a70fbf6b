#include "data/build/stages/pair_maker.h"

#include <ATen/ATen.h>

#include <cstring>

#include "core/json_entry.h"
#include "core/rng.h"
#include "data/build/crop.h"

namespace samsr {
namespace {

/// CV_8UC3 to (H, W, 3) uint8, a copy.
at::Tensor interleaved(const cv::Mat& image) {
  CV_Assert(image.isContinuous());
  at::Tensor out = at::empty({image.rows, image.cols, 3}, at::kByte);
  std::memcpy(out.data_ptr(), image.data, out.nbytes());
  return out;
}

std::string describe(const std::string& path, std::optional<std::uint32_t> source, const CropPlan& crop,
                     std::uint64_t seed, const std::string& drawn) {
  nlohmann::ordered_json json;
  put_exact_text(json, "image", path);  // which need not be UTF-8
  if (source) {
    json["source"] = *source;
  }
  json["crop"] = {crop.rect.x, crop.rect.y, crop.rect.width, crop.rect.height};
  json["hflip"] = crop.hflip;
  json["vflip"] = crop.vflip;
  json["transpose"] = crop.transpose;
  json["seed"] = seed;
  json["degradation"] = nlohmann::ordered_json::parse(drawn);
  return json_text(json);
}

}  // namespace

PairMaker::PairMaker(const DataSettings& data, const DegradationSettings& degradation) : data_(data) {
  degradations_.emplace(data.scale, DegradationPipeline(degradation, data.scale));
  for (const std::int64_t scale : data.scales) {
    degradations_.emplace(scale, DegradationPipeline(degradation, static_cast<int>(scale)));
  }
}

Sample PairMaker::make(std::uint64_t index, int scale, const cv::Mat& photograph, const std::string& path,
                       std::optional<std::uint32_t> source) const {
  const std::uint64_t seed = derive_seed(data_.seed, "sample", {index});
  const cv::Mat image = large_enough(photograph, data_);
  const CropPlan crop = draw_crop(data_, image.size(), seed);
  const DegradedPair pair = degradations_.at(scale).degrade(cut(image, crop, data_), data_.gt_size, seed);
  Sample sample;
  sample.fields.emplace_back("hr", interleaved(pair.hr));
  sample.fields.emplace_back("lr", interleaved(pair.lr));
  sample.texts.emplace_back(kSourceField, describe(path, source, crop, seed, pair.drawn));
  return sample;
}

}  // namespace samsr
