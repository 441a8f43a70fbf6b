#pragma once
// Random streams. Everything random in samsr is a pure function of (seed, purpose, index), so that the
// same numbers come out for any number of ranks, threads or resumptions.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

namespace samsr {

/// FNV-1a, 64 bit, of the bytes of `text`.
std::uint64_t fnv1a64(std::string_view text);

/// Seed of the stream named by `purpose` and `indices` under `seed`. Streams that differ in any of the
/// three are independent.
std::uint64_t derive_seed(std::uint64_t seed, std::string_view purpose,
                          std::initializer_list<std::uint64_t> indices = {});

/// One stream of random numbers (xoshiro256++), with distributions whose results do not depend on the
/// standard library in use.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);
  Rng(std::uint64_t seed, std::string_view purpose, std::initializer_list<std::uint64_t> indices = {})
      : Rng(derive_seed(seed, purpose, indices)) {}

  std::uint64_t next();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Uniform integer in [0, bound); bound >= 1. Unbiased.
  std::uint64_t below(std::uint64_t bound);
  bool bernoulli(double probability) { return uniform() < probability; }
  /// Index drawn with the given non-negative weights (they need not sum to 1).
  std::size_t choice(std::span<const double> weights);
  /// Standard normal.
  double normal();
  /// Poisson with mean `lambda` >= 0.
  std::uint64_t poisson(double lambda);
  /// Fills with independent standard normals.
  void fill_normal(std::span<float> out);
  /// Uniformly shuffled 0 … n-1.
  std::vector<std::uint32_t> permutation(std::uint32_t n);

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace samsr
