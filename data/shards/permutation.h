#pragma once

#include <cstdint>

namespace samsr {

/// A pseudo-random order of 0 … size-1 in constant memory, for data sets of any size: a Feistel network of
/// the numbers of just enough bits, walked along its cycle until it falls below `size` (Black and Rogaway
/// 2002).
class Permutation {
 public:
  /// size >= 1.
  Permutation(std::uint64_t size, std::uint64_t seed);

  /// The element at `index` < size.
  std::uint64_t operator()(std::uint64_t index) const;

 private:
  std::uint64_t feistel(std::uint64_t value) const;

  std::uint64_t size_;
  std::uint64_t seed_;
  int half_bits_;
};

}  // namespace samsr
