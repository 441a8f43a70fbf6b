#pragma once
// A mutator of zip files for libFuzzer: what it changes mostly keeps CRCs that fit.

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t size, std::size_t most);

namespace samsr::fuzz {

template <class T>
T number_at(const std::uint8_t* bytes) {
  T number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

/// Of every stored entry that the central directory tells of.
inline void mend_zip(std::uint8_t* bytes, std::size_t size) {
  constexpr std::size_t kCentral = 46;
  constexpr std::size_t kLocal = 30;
  for (std::size_t at = 0; at + kCentral <= size; ++at) {
    if (std::memcmp(bytes + at, "PK\x01\x02", 4) != 0 || number_at<std::uint16_t>(bytes + at + 10) != 0) {
      continue;
    }
    const std::size_t length = number_at<std::uint32_t>(bytes + at + 20);
    const std::size_t local = number_at<std::uint32_t>(bytes + at + 42);
    if (local + kLocal > size) {
      continue;
    }
    const std::size_t begin =
        local + kLocal + number_at<std::uint16_t>(bytes + local + 26) + number_at<std::uint16_t>(bytes + local + 28);
    if (begin > size || length > size - begin) {
      continue;
    }
    const auto crc = static_cast<std::uint32_t>(::crc32(0, bytes + begin, static_cast<uInt>(length)));
    std::memcpy(bytes + at + 16, &crc, sizeof crc);
    std::memcpy(bytes + local + 14, &crc, sizeof crc);
  }
}

}  // namespace samsr::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t size, std::size_t most, unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(bytes, size, most);
  if (seed % 8 != 0) {
    samsr::fuzz::mend_zip(bytes, mutated);
  }
  return mutated;
}
