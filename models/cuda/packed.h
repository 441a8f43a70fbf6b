#pragma once
// 16 bytes of neighbouring channels, which a thread loads and stores at once, or one channel.

#include <cstdint>

#include "models/layers/element_math.h"

namespace samsr::cuda {

/// Channels in 16 bytes.
template <class T>
inline constexpr int kPackedWidth = static_cast<int>(16 / sizeof(T));

/// kWidth channels: kPackedWidth<T> of them, whose address is a multiple of 16, or one.
template <class T, int kWidth>
class Packed {
  static_assert(kWidth == kPackedWidth<T>);

 public:
  SAMSR_HOST_DEVICE static Packed at(const T* from) {
    Packed loaded;
#ifdef __CUDA_ARCH__
    const uint4 words = *reinterpret_cast<const uint4*>(from);
    loaded.words_[0] = words.x;
    loaded.words_[1] = words.y;
    loaded.words_[2] = words.z;
    loaded.words_[3] = words.w;
#else
    __builtin_memcpy(loaded.words_, from, sizeof(loaded.words_));
#endif
    return loaded;
  }

  SAMSR_HOST_DEVICE float operator[](int i) const {
    if constexpr (sizeof(T) == 4) {
      return __builtin_bit_cast(float, words_[i]);
    } else {  // the first of a pair lies in the lower half
      return __builtin_bit_cast(float, i % 2 == 0 ? words_[i / 2] << 16 : words_[i / 2] & 0xFFFF0000U);
    }
  }

  /// Writes what was loaded.
  SAMSR_HOST_DEVICE void copy_to(T* to) const { put(to, words_); }

  /// Rounds the values and writes them.
  SAMSR_HOST_DEVICE static void put(T* to, const float (&values)[kWidth]) {
    std::uint32_t words[4];
    for (int i = 0; i < 4; ++i) {
      if constexpr (sizeof(T) == 4) {
        words[i] = __builtin_bit_cast(std::uint32_t, values[i]);
      } else {
        words[i] = pair(values[2 * i], values[2 * i + 1]);
      }
    }
    put(to, words);
  }

 private:
  SAMSR_HOST_DEVICE static void put(T* to, const std::uint32_t (&words)[4]) {
#ifdef __CUDA_ARCH__
    *reinterpret_cast<uint4*>(to) = make_uint4(words[0], words[1], words[2], words[3]);
#else
    __builtin_memcpy(to, words, sizeof(words));
#endif
  }

  SAMSR_HOST_DEVICE static std::uint32_t pair(float lower, float upper) {
#ifdef __CUDA_ARCH__
    std::uint32_t both;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(upper), "f"(lower));
    return both;
#else
    BrainFloat halves[2];
    store(halves[0], lower);
    store(halves[1], upper);
    return static_cast<std::uint32_t>(halves[0].bits) | static_cast<std::uint32_t>(halves[1].bits) << 16;
#endif
  }

  std::uint32_t words_[4];
};

template <class T>
class Packed<T, 1> {
 public:
  SAMSR_HOST_DEVICE static Packed at(const T* from) {
    Packed loaded;
    loaded.value_ = *from;
    return loaded;
  }
  SAMSR_HOST_DEVICE float operator[](int) const { return widened(value_); }
  SAMSR_HOST_DEVICE void copy_to(T* to) const { *to = value_; }
  SAMSR_HOST_DEVICE static void put(T* to, const float (&values)[1]) { store(*to, values[0]); }

 private:
  T value_ = {};
};

}  // namespace samsr::cuda
