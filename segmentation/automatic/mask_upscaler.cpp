#include "segmentation/automatic/mask_upscaler.h"

#include <algorithm>
#include <array>

#include "segmentation/sam/frame.h"

namespace samsr {
namespace {

/// Where output `index` of a bilinear resizing from `in` to `out` pixels looks: inputs `lower` and `upper`, the
/// latter with `share`. In single precision, as torch does it: a mask's border must not depend on that.
struct Bilinear {
  std::int64_t lower;
  std::int64_t upper;
  float share;

  Bilinear(std::int64_t in, std::int64_t out, std::int64_t index) {
    const float scale = static_cast<float>(in) / static_cast<float>(out);
    const float source = std::max(scale * (static_cast<float>(index) + 0.5F) - 0.5F, 0.0F);
    lower = std::min(static_cast<std::int64_t>(source), in - 1);
    upper = std::min(lower + 1, in - 1);
    share = std::min(source - static_cast<float>(lower), 1.0F);
  }
};

}  // namespace

MaskUpscaler::MaskUpscaler(std::int64_t low, std::int64_t side, cv::Size image)
    : low_(static_cast<std::size_t>(low)), size_(image) {
  CV_Assert(low >= static_cast<std::int64_t>(kTaps) && side >= low && !image.empty());
  const cv::Size part = SamFrame(image, side).scaled;
  horizontal_ = compose(low, side, part.width, image.width);
  vertical_ = compose(low, side, part.height, image.height);
}

MaskUpscaler::Taps MaskUpscaler::compose(std::int64_t low, std::int64_t side, std::int64_t part, std::int64_t out) {
  Taps taps;
  for (std::int64_t i = 0; i < out; ++i) {
    const Bilinear outer(part, out, i);
    const std::array<std::pair<std::int64_t, float>, 2> middle{
        {{outer.lower, 1 - outer.share}, {outer.upper, outer.share}}};
    const std::int64_t first = std::min(Bilinear(low, side, outer.lower).lower, low - static_cast<std::int64_t>(kTaps));
    std::array<float, kTaps> weight{};
    for (const auto& [index, share] : middle) {
      const Bilinear inner(low, side, index);
      weight[static_cast<std::size_t>(inner.lower - first)] += share * (1 - inner.share);
      weight[static_cast<std::size_t>(inner.upper - first)] += share * inner.share;
    }
    taps.first.push_back(static_cast<std::size_t>(first));
    taps.weight.insert(taps.weight.end(), weight.begin(), weight.end());
  }
  return taps;
}

void MaskUpscaler::resize_rows(const float* logits, float* out) const {
  const auto width = static_cast<std::size_t>(size_.width);
  for (std::size_t y = 0; y < low_; ++y) {
    const float* in = logits + y * low_;
    float* row = out + y * width;
    for (std::size_t x = 0; x < width; ++x) {
      const float* at = in + horizontal_.first[x];
      const float* weight = horizontal_.weight.data() + kTaps * x;
      row[x] = at[0] * weight[0] + at[1] * weight[1] + at[2] * weight[2];
    }
  }
}

void MaskUpscaler::resize_column(const float* narrow, int y, float* out) const {
  const auto width = static_cast<std::size_t>(size_.width);
  const float* upper = narrow + vertical_.first[static_cast<std::size_t>(y)] * width;
  const float* weight = vertical_.weight.data() + kTaps * static_cast<std::size_t>(y);
  for (std::size_t x = 0; x < width; ++x) {
    out[x] = upper[x] * weight[0] + upper[x + width] * weight[1] + upper[x + 2 * width] * weight[2];
  }
}

}  // namespace samsr
