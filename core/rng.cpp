#include "core/rng.h"

#include <cmath>
#include <numbers>
#include <numeric>

namespace samsr {
namespace {

std::uint64_t mix(std::uint64_t z) {  // the finaliser of SplitMix64
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15ULL;

std::uint64_t rotate_left(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

// Layers of the ziggurat for the standard normal (Marsaglia and Tsang 2000, 256 layers): layer i spans
// x in [0, x[i]] with equal areas; x[0] is the width of the base layer including the tail.
struct Ziggurat {
  static constexpr int kLayers = 256;
  static constexpr double kTail = 3.6541528853610088;  // where the tail begins
  static constexpr double kArea = 0.00492867323399;    // area of each layer
  std::array<double, kLayers + 1> x;
  std::array<double, kLayers + 1> density;

  Ziggurat() {
    const auto phi = [](double v) { return std::exp(-0.5 * v * v); };
    x[0] = kArea / phi(kTail);
    x[1] = kTail;
    for (int i = 2; i < kLayers; ++i) {
      x[i] = std::sqrt(-2.0 * std::log(kArea / x[i - 1] + phi(x[i - 1])));
    }
    x[kLayers] = 0.0;
    for (int i = 0; i <= kLayers; ++i) {
      density[i] = phi(x[i]);
    }
  }
};

const Ziggurat& ziggurat() {
  static const Ziggurat table;
  return table;
}

}  // namespace

std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  }
  return hash;
}

std::uint64_t derive_seed(std::uint64_t seed, std::string_view purpose, std::initializer_list<std::uint64_t> indices) {
  std::uint64_t state = mix(seed + kGolden) ^ fnv1a64(purpose);
  for (const std::uint64_t index : indices) {
    state = mix(state + kGolden) ^ mix(index + kGolden);
  }
  return mix(state + kGolden);
}

Rng::Rng(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    seed += kGolden;
    word = mix(seed);
  }
}

std::uint64_t Rng::next() {
  const std::uint64_t result = rotate_left(state_[0] + state_[3], 23) + state_[0];
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotate_left(state_[3], 45);
  return result;
}

double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

std::uint64_t Rng::below(std::uint64_t bound) {
  // Values under 2^64 mod bound would favour the small results: drawn again.
  const std::uint64_t uneven = (0 - bound) % bound;
  std::uint64_t value = next();
  while (value < uneven) {
    value = next();
  }
  return value % bound;
}

std::size_t Rng::choice(std::span<const double> weights) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double point = uniform() * total;
  for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
    point -= weights[i];
    if (point < 0) {
      return i;
    }
  }
  return weights.size() - 1;
}

double Rng::normal() {
  const Ziggurat& z = ziggurat();
  for (;;) {
    const std::uint64_t bits = next();
    const int layer = static_cast<int>(bits & 255);
    const double sign = (bits & 256) ? -1.0 : 1.0;
    const double value = static_cast<double>(bits >> 11) * 0x1.0p-53 * z.x[layer];
    if (value < z.x[layer + 1]) {
      return sign * value;
    }
    if (layer == 0) {  // the tail, after Marsaglia 1964
      double x, y;
      do {
        x = -std::log(1.0 - uniform()) / Ziggurat::kTail;
        y = -std::log(1.0 - uniform());
      } while (y + y < x * x);
      return sign * (Ziggurat::kTail + x);
    }
    const double height = z.density[layer] + uniform() * (z.density[layer + 1] - z.density[layer]);
    if (height < std::exp(-0.5 * value * value)) {
      return sign * value;
    }
  }
}

std::uint64_t Rng::poisson(double lambda) {
  if (lambda <= 0) {
    return 0;
  }
  if (lambda < 10) {  // inversion by multiplication (Knuth)
    const double limit = std::exp(-lambda);
    std::uint64_t count = 0;
    for (double product = uniform(); product > limit; product *= uniform()) {
      ++count;
    }
    return count;
  }
  // Transformed rejection, Hörmann 1993 (PTRS).
  const double log_lambda = std::log(lambda);
  const double b = 0.931 + 2.53 * std::sqrt(lambda);
  const double a = -0.059 + 0.02483 * b;
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
  const double squeeze = 0.9277 - 3.6224 / (b - 2.0);
  for (;;) {
    const double u = uniform() - 0.5;
    const double v = uniform();
    const double us = 0.5 - std::abs(u);
    const double k = std::floor((2 * a / us + b) * u + lambda + 0.43);
    if (us >= 0.07 && v <= squeeze) {
      return static_cast<std::uint64_t>(k);
    }
    if (k < 0 || (us < 0.013 && v > us)) {
      continue;
    }
    if (std::log(v) + std::log(inverse_alpha) - std::log(a / (us * us) + b) <=
        -lambda + k * log_lambda - std::lgamma(k + 1)) {
      return static_cast<std::uint64_t>(k);
    }
  }
}

void Rng::fill_normal(std::span<float> out) {
  for (float& value : out) {
    value = static_cast<float>(normal());
  }
}

std::vector<std::uint32_t> Rng::permutation(std::uint32_t n) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  for (std::uint32_t i = n; i > 1; --i) {
    std::swap(order[i - 1], order[below(i)]);
  }
  return order;
}

}  // namespace samsr
