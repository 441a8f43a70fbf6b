#pragma once

#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

namespace samsr {

/// From the network's low-resolution logits to those of the image, Segment Anything's postprocess_masks: two
/// bilinear resizings (half-pixel centres) with a crop between them, (l, l) → (side, side) → the image's part of
/// it → (H, W). Their product is one separable operator with at most three neighbouring taps along each axis, so
/// the large image between them is never made.
class MaskUpscaler {
 public:
  /// low: l. side: of the network's input. image: the size wanted.
  MaskUpscaler(std::int64_t low, std::int64_t side, cv::Size image);

  cv::Size size() const { return size_; }

  /// logits: l·l numbers. Calls `row(y, values)` for y = 0 … H-1 with the W logits of each row, valid during the
  /// call. Safe to use from several threads.
  template <class Row>
  void upscale(const float* logits, Row row) const {
    std::vector<float> narrow(low_ * static_cast<std::size_t>(size_.width));
    resize_rows(logits, narrow.data());
    std::vector<float> values(static_cast<std::size_t>(size_.width));
    for (int y = 0; y < size_.height; ++y) {
      resize_column(narrow.data(), y, values.data());
      row(y, values.data());
    }
  }

 private:
  static constexpr std::size_t kTaps = 3;

  /// Output i is Σ_t weight[3i + t] · input[first[i] + t]; first[i] + 2 is always inside.
  struct Taps {
    std::vector<std::size_t> first;
    std::vector<float> weight;
  };

  static Taps compose(std::int64_t low, std::int64_t side, std::int64_t part, std::int64_t out);

  void resize_rows(const float* logits, float* out) const;
  void resize_column(const float* narrow, int y, float* out) const;

  const std::size_t low_;
  const cv::Size size_;
  Taps horizontal_;
  Taps vertical_;
};

}  // namespace samsr
