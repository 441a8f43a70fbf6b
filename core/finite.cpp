#include "core/finite.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstdint>
#include <limits>

namespace samsr {
namespace {

/// Numbers by their bits: without the sign, those from `first_bad` on are infinite or NaN.
template <class Bits>
struct FloatBits {
  Bits first_bad;
  Bits infinity;
};

template <class Bits>
constexpr Bits kMagnitude = static_cast<Bits>(std::numeric_limits<Bits>::max() >> 1);

/// Without a branch in the loop, so that the compiler vectorises it.
template <class Bits>
bool all_below(const Bits* numbers, std::int64_t count, Bits first_bad) {
  Bits bad = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    bad |= static_cast<Bits>((numbers[i] & kMagnitude<Bits>) >= first_bad);
  }
  return bad == 0;
}

template <class Bits>
std::string describe(const at::Tensor& tensor, FloatBits<Bits> format) {
  const Bits* numbers = static_cast<const Bits*>(tensor.const_data_ptr());
  if (all_below(numbers, tensor.numel(), format.first_bad)) {
    return {};
  }
  std::int64_t count = 0;
  std::int64_t first = 0;
  for (std::int64_t i = tensor.numel() - 1; i >= 0; --i) {
    if ((numbers[i] & kMagnitude<Bits>) >= format.first_bad) {
      ++count;
      first = i;
    }
  }
  const bool infinite = (numbers[first] & kMagnitude<Bits>) == format.infinity;
  const bool negative = (numbers[first] & ~kMagnitude<Bits>) != 0;
  return fmt::format("{} value{} not finite (first: {} at {})", count, count == 1 ? " that is" : "s that are",
                     !infinite  ? "NaN"
                     : negative ? "-infinity"
                                : "infinity",
                     first);
}

}  // namespace

std::string not_finite(const at::Tensor& tensor) {
  const at::Tensor numbers = tensor.contiguous();
  switch (tensor.scalar_type()) {
    case at::kDouble:
      return describe<std::uint64_t>(numbers, {0x7ff0000000000000, 0x7ff0000000000000});
    case at::kFloat:
      return describe<std::uint32_t>(numbers, {0x7f800000, 0x7f800000});
    case at::kHalf:
      return describe<std::uint16_t>(numbers, {0x7c00, 0x7c00});
    case at::kBFloat16:
      return describe<std::uint16_t>(numbers, {0x7f80, 0x7f80});
    case at::kFloat8_e5m2:
      return describe<std::uint8_t>(numbers, {0x7c, 0x7c});
    case at::kFloat8_e4m3fn:
      return describe<std::uint8_t>(numbers, {0x7f, 0xff});  // has no infinity
    default:
      return {};
  }
}

}  // namespace samsr
