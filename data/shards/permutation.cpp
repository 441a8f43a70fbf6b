#include "data/shards/permutation.h"

#include <bit>
#include <stdexcept>

#include "core/rng.h"

namespace samsr {
namespace {
constexpr int kRounds = 6;
}

Permutation::Permutation(std::uint64_t size, std::uint64_t seed)
    : size_(size), seed_(seed), half_bits_((std::bit_width(size) + 1) / 2) {
  if (size == 0) {
    throw std::logic_error("a permutation of nothing");
  }
}

std::uint64_t Permutation::feistel(std::uint64_t value) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  std::uint64_t left = value >> half_bits_;
  std::uint64_t right = value & mask;
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const std::uint64_t mixed = left ^ (derive_seed(seed_, "permutation", {round, right}) & mask);
    left = right;
    right = mixed;
  }
  return (left << half_bits_) | right;
}

std::uint64_t Permutation::operator()(std::uint64_t index) const {
  std::uint64_t value = feistel(index);
  while (value >= size_) {
    value = feistel(value);
  }
  return value;
}

}  // namespace samsr
