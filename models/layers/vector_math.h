#pragma once
// Numbers inside loops that compilers are to make vectors of: no calls, no choices but of values.

#include <ATen/core/Tensor.h>

#include <bit>
#include <cstdint>
#include <numbers>

namespace samsr {

inline float widened(float value) { return value; }
/// A bfloat16 is the upper half of a float32.
inline float widened(c10::BFloat16 value) { return std::bit_cast<float>(static_cast<std::uint32_t>(value.x) << 16); }

inline void store(float& to, float value) { to = value; }
/// Rounds to the nearest, ties to even; infinities stay, and so do the NaNs that arithmetic makes.
inline void store(c10::BFloat16& to, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  to.x = static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

/// e^x to about two units in the last place, x held to [-87, 88], where e^x is a normal number; unlike std::exp,
/// compilers make vectors of it.
inline float exponential(float x) {
  constexpr float kSmallest = -87.0F;
  constexpr float kLargest = 88.0F;
  constexpr float kRounder = 1.5F * (1 << 23);
  constexpr auto kLog2E = static_cast<float>(std::numbers::log2e);
  constexpr float kLn2Upper = 0.693359375F;  // few bits, so that its multiples are exact
  constexpr auto kLn2Lower = static_cast<float>(std::numbers::ln2 - 0.693359375);
  x = x < kSmallest ? kSmallest : x;
  x = x > kLargest ? kLargest : x;
  const float power = (x * kLog2E + kRounder) - kRounder;
  const float rest = (x - power * kLn2Upper) - power * kLn2Lower;
  float series = 1.0F / 720;
  series = series * rest + 1.0F / 120;
  series = series * rest + 1.0F / 24;
  series = series * rest + 1.0F / 6;
  series = series * rest + 0.5F;
  series = series * rest + 1.0F;
  series = series * rest + 1.0F;
  return series * std::bit_cast<float>((static_cast<std::int32_t>(power) + 127) << 23);
}

}  // namespace samsr
