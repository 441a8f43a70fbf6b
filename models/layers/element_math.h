#pragma once
// Numbers inside loops of kernels, on CPUs and GPUs: no calls, no choices but of values, so that compilers make vectors
// of them. Without LibTorch, whose headers nvcc reads slowly.

#include <cstdint>
#include <numbers>

#ifdef __CUDACC__
#define SAMSR_HOST_DEVICE __host__ __device__
#else
#define SAMSR_HOST_DEVICE
#endif
#ifdef __CUDA_ARCH__
#define SAMSR_UNROLLED _Pragma("unroll")
#else
#define SAMSR_UNROLLED
#endif

namespace samsr {

/// A bfloat16 is the upper half of a float32. Of the same bytes as LibTorch's.
struct BrainFloat {
  std::uint16_t bits;
};

SAMSR_HOST_DEVICE inline float widened(float value) { return value; }
SAMSR_HOST_DEVICE inline float widened(BrainFloat value) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(value.bits) << 16);
}

SAMSR_HOST_DEVICE inline void store(float& to, float value) { to = value; }
/// Rounds to the nearest, ties to even; infinities stay, and so do the NaNs that arithmetic makes.
SAMSR_HOST_DEVICE inline void store(BrainFloat& to, float value) {
#ifdef __CUDA_ARCH__
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(to.bits) : "f"(value));
#else
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  to.bits = static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
#endif
}

/// e^x to about two units in the last place, of -87 <= x <= 88, where e^x is a normal number; unlike std::exp,
/// compilers make vectors of it.
inline float exponential_within(float x) {
  constexpr float kRounder = 1.5F * (1 << 23);
  constexpr auto kLog2E = static_cast<float>(std::numbers::log2e);
  constexpr float kLn2Upper = 0.693359375F;  // few bits, so that its multiples are exact
  constexpr auto kLn2Lower = static_cast<float>(std::numbers::ln2 - 0.693359375);
  const float power = (x * kLog2E + kRounder) - kRounder;
  const float rest = (x - power * kLn2Upper) - power * kLn2Lower;
  float series = 1.0F / 720;
  series = series * rest + 1.0F / 120;
  series = series * rest + 1.0F / 24;
  series = series * rest + 1.0F / 6;
  series = series * rest + 0.5F;
  series = series * rest + 1.0F;
  series = series * rest + 1.0F;
  return series * __builtin_bit_cast(float, (static_cast<std::int32_t>(power) + 127) << 23);
}

/// x held to [low, high].
inline float held_to(float low, float high, float x) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

/// e^x, x held to [-87, 88].
inline float exponential(float x) { return exponential_within(held_to(-87.0F, 88.0F, x)); }

/// σ(x) = 1/(1 + e^-x), on a GPU to |x|·2⁻²³ of itself; on a CPU of x held to [-60, 60], outside of which it is 0 or 1
/// but for 10⁻²⁶.
SAMSR_HOST_DEVICE inline float sigmoid(float x) {
#ifdef __CUDA_ARCH__
  // The processor's own instructions, without what __expf and __fdividef do for subnormal numbers: none matters here.
  constexpr auto kLog2E = static_cast<float>(std::numbers::log2e);
  float power;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(-kLog2E * x));
  float inverse;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(inverse) : "f"(1.0F + power));
  return inverse;
#else
  // Not to where e^x ends: a compiler that makes vectors multiplies all elements by the value at the bound, and chooses
  // afterwards. At 88 that is a subnormal number, which takes processors a hundred times as long.
  return 1.0F / (1.0F + exponential_within(held_to(-60.0F, 60.0F, -x)));
#endif
}

/// Derivative of x·σ(x).
SAMSR_HOST_DEVICE inline float silu_slope(float x) {
  const float s = sigmoid(x);
  return s * (1.0F + x * (1.0F - s));
}

}  // namespace samsr
