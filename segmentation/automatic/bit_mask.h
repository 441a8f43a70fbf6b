#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

namespace samsr {

/// A mask of (H, W) pixels kept as bits: a generator holds thousands of candidates at once.
class BitMask {
 public:
  /// All pixels 0.
  explicit BitMask(cv::Size size);
  /// CV_8UC1, or (H, W) uint8 on the CPU, contiguous; a pixel is 1 where it is not 0.
  explicit BitMask(const cv::Mat& mask);
  explicit BitMask(const at::Tensor& mask);

  cv::Size size() const { return size_; }
  /// Writes `count` pixels of row y from column x on; 0 and 1 alone. Bits that are set already stay set.
  void set_row(int y, int x, const std::uint8_t* values, int count);
  /// The same of pixels that are bits already, eight a byte, the lowest first; bits beyond `count` must be 0.
  void set_packed_row(int y, int x, const std::uint8_t* bits, int count);
  bool at(int y, int x) const { return ((words_[index(y, x)] >> (x % kBits)) & 1) != 0; }
  /// Number of pixels that are 1.
  std::int64_t area() const;

  /// Writes all pixels, H·W bytes of 0 and 1.
  void unpack(std::uint8_t* out) const;
  /// CV_8UC1 of 0 and 1.
  cv::Mat to_mat() const;

  bool operator==(const BitMask&) const = default;

 private:
  static constexpr int kBits = 64;

  std::size_t index(int y, int x) const {
    return static_cast<std::size_t>(y) * words_per_row_ + static_cast<std::size_t>(x / kBits);
  }

  cv::Size size_;
  std::size_t words_per_row_;
  std::vector<std::uint64_t> words_;
};

/// (M, H, W) uint8 of 0 and 1 on the CPU; all masks have the size (H, W).
at::Tensor stack_masks(const std::vector<BitMask>& masks, cv::Size size);

}  // namespace samsr
