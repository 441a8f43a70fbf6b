#include "data/tools/published_choice.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <random>
#include <set>
#include <stdexcept>
#include <utility>

namespace samsr {
namespace {

/// Fills the state of a Mersenne Twister from the words of a key, as its authors' init_by_array (Matsumoto and
/// Nishimura 2002) and with it Python's random.seed(number) do; std::seed_seq fills it otherwise.
class KeyWords {
 public:
  using result_type = std::uint32_t;

  explicit KeyWords(std::uint64_t key) : words_{static_cast<std::uint32_t>(key)} {
    if (key >> 32 != 0) {
      words_.push_back(static_cast<std::uint32_t>(key >> 32));
    }
  }

  template <class Iterator>
  void generate(Iterator begin, Iterator end) const {
    const auto size = static_cast<std::size_t>(end - begin);
    std::vector<std::uint32_t> state(size);
    state[0] = 19650218;
    for (std::size_t i = 1; i < size; ++i) {
      state[i] = 1812433253U * mixed(state[i - 1]) + static_cast<std::uint32_t>(i);
    }
    std::size_t at = 1;
    const auto step = [&] {
      if (++at == size) {
        state[0] = state[size - 1];
        at = 1;
      }
    };
    for (std::size_t k = 0; k < std::max(size, words_.size()); ++k, step()) {
      const std::size_t word = k % words_.size();
      state[at] = (state[at] ^ (mixed(state[at - 1]) * 1664525U)) + words_[word] + static_cast<std::uint32_t>(word);
    }
    for (std::size_t k = 1; k < size; ++k, step()) {
      state[at] = (state[at] ^ (mixed(state[at - 1]) * 1566083941U)) - static_cast<std::uint32_t>(at);
    }
    state[0] = 0x80000000U;
    std::copy(state.begin(), state.end(), begin);
  }

 private:
  static std::uint32_t mixed(std::uint32_t value) { return value ^ (value >> 30); }

  std::vector<std::uint32_t> words_;
};

/// Python's random.Random, as far as it is needed.
class PythonRandom {
 public:
  explicit PythonRandom(std::uint64_t seed) {
    KeyWords key(seed);
    engine_.seed(key);
  }

  /// Uniform in [0, bound), 1 <= bound < 2^32: the upper bits of as many numbers as it takes.
  std::uint64_t below(std::uint64_t bound) {
    const int bits = std::bit_width(bound);
    std::uint64_t value = bound;
    while (value >= bound) {
      value = static_cast<std::uint32_t>(engine_()) >> (32 - bits);
    }
    return value;
  }

  /// random.shuffle of a list, of which only what it takes from the stream matters.
  void pass_shuffle(std::uint64_t length) {
    for (std::uint64_t i = length; i > 1; --i) {
      below(i);
    }
  }

  /// random.sample(range(population), count).
  std::vector<std::uint64_t> sample(std::uint64_t population, std::uint64_t count) {
    return population <= largest_pool(count) ? from_pool(population, count) : from_all(population, count);
  }

 private:
  /// Python keeps a list of what is left where that is smaller than a set of what is taken.
  static std::uint64_t largest_pool(std::uint64_t count) {
    std::uint64_t table = 1;
    while (table < 3 * count) {
      table *= 4;
    }
    return 21 + (count > 5 ? table : 0);
  }

  std::vector<std::uint64_t> from_pool(std::uint64_t population, std::uint64_t count) {
    std::vector<std::uint64_t> pool(population);
    std::iota(pool.begin(), pool.end(), 0U);
    std::vector<std::uint64_t> taken;
    while (taken.size() < count) {
      const std::uint64_t place = below(pool.size());
      taken.push_back(pool[place]);
      pool[place] = pool.back();
      pool.pop_back();
    }
    return taken;
  }

  std::vector<std::uint64_t> from_all(std::uint64_t population, std::uint64_t count) {
    std::set<std::uint64_t> known;
    std::vector<std::uint64_t> taken;
    while (taken.size() < count) {
      if (const std::uint64_t number = below(population); known.insert(number).second) {
        taken.push_back(number);
      }
    }
    return taken;
  }

  std::mt19937 engine_;
};

}  // namespace

std::vector<std::uint64_t> published_choice(std::uint64_t population, std::uint64_t count, std::uint64_t seed) {
  if (count > population || population >> 32 != 0) {
    throw std::logic_error("a choice of more than there is");
  }
  PythonRandom random(seed);
  random.pass_shuffle(population);
  return random.sample(population, count);
}

}  // namespace samsr
