#include "segmentation/automatic/bit_mask.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/parallel.h"

namespace samsr {
namespace {

/// The lowest bits of eight bytes, byte 0 first, as the bits of one.
std::uint64_t gather_bits(const std::uint8_t* values) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, values, sizeof bytes);
  return ((bytes & 0x0101010101010101U) * 0x0102040810204080U) >> 56;
}

/// The bits of a byte as the lowest bits of eight bytes, byte 0 first.
void spread_bits(std::uint64_t byte, std::uint8_t* values) {
  const std::uint64_t one_each = (byte * 0x0101010101010101U) & 0x8040201008040201U;
  const std::uint64_t bytes = ((one_each + 0x7f7f7f7f7f7f7f7fU) >> 7) & 0x0101010101010101U;
  std::memcpy(values, &bytes, sizeof bytes);
}

cv::Mat wrap(const at::Tensor& mask) {
  TORCH_CHECK(mask.dim() == 2 && mask.scalar_type() == at::kByte && mask.is_cpu() && mask.is_contiguous(),
              "a mask is (H, W) uint8 on the CPU, contiguous");
  return {static_cast<int>(mask.size(0)), static_cast<int>(mask.size(1)), CV_8UC1, mask.data_ptr<std::uint8_t>()};
}

}  // namespace

BitMask::BitMask(cv::Size size)
    : size_(size),
      words_per_row_((static_cast<std::size_t>(size.width) + kBits - 1) / kBits),
      words_(words_per_row_ * static_cast<std::size_t>(size.height), 0) {}

BitMask::BitMask(const cv::Mat& mask) : BitMask(mask.size()) {
  CV_Assert(mask.type() == CV_8UC1);
  for (int y = 0; y < size_.height; ++y) {
    const auto* row = mask.ptr<std::uint8_t>(y);
    for (int x = 0; x < size_.width; ++x) {
      words_[index(y, x)] |= std::uint64_t{row[x] != 0} << (x % kBits);
    }
  }
}

BitMask::BitMask(const at::Tensor& mask) : BitMask(wrap(mask)) {}

void BitMask::set_row(int y, int x, const std::uint8_t* values, int count) {
  int i = 0;
  while (i < count) {
    const int bit = (x + i) % kBits;
    const int eight = std::min({8, count - i, kBits - bit});
    std::uint64_t bits = 0;
    if (eight == 8) {
      bits = gather_bits(values + i);
    } else {
      for (int k = 0; k < eight; ++k) {
        bits |= std::uint64_t{values[i + k]} << k;
      }
    }
    words_[index(y, x + i)] |= bits << bit;
    i += eight;
  }
}

void BitMask::set_packed_row(int y, int x, const std::uint8_t* bits, int count) {
  for (int i = 0; i < count; i += kBits) {
    const int here = std::min(kBits, count - i);
    std::uint64_t word = 0;
    std::memcpy(&word, bits + i / 8, static_cast<std::size_t>(here + 7) / 8);
    const int shift = (x + i) % kBits;
    words_[index(y, x + i)] |= word << shift;
    if (shift + here > kBits) {
      words_[index(y, x + i) + 1] |= word >> (kBits - shift);
    }
  }
}

std::int64_t BitMask::area() const {
  std::int64_t area = 0;
  for (const std::uint64_t word : words_) {
    area += std::popcount(word);
  }
  return area;
}

void BitMask::unpack(std::uint8_t* out) const {
  for (int y = 0; y < size_.height; ++y) {
    int x = 0;
    for (; x + 8 <= size_.width; x += 8, out += 8) {
      spread_bits((words_[index(y, x)] >> (x % kBits)) & 0xff, out);
    }
    for (; x < size_.width; ++x) {
      *out++ = static_cast<std::uint8_t>(at(y, x));
    }
  }
}

cv::Mat BitMask::to_mat() const {
  cv::Mat mask(size_, CV_8UC1);
  unpack(mask.data);
  return mask;
}

at::Tensor stack_masks(const std::vector<BitMask>& masks, cv::Size size) {
  at::Tensor out = at::empty({static_cast<std::int64_t>(masks.size()), size.height, size.width}, at::kByte);
  auto* first = out.data_ptr<std::uint8_t>();
  for (const BitMask& mask : masks) {
    CV_Assert(mask.size() == size);
  }
  in_parallel(static_cast<std::int64_t>(masks.size()), [&](std::int64_t i) {
    masks[static_cast<std::size_t>(i)].unpack(first + i * static_cast<std::int64_t>(size.area()));
  });
  return out;
}

}  // namespace samsr
