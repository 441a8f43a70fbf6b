#include "degradation/poisson_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace samsr {

PoissonTable::PoissonTable(int count) {
  constexpr int kHighest = 255;
  for (int level = 0; level <= kHighest; ++level) {
    add_level(static_cast<double>(level) / kHighest * count);
  }
}

void PoissonTable::add_level(double mean) {
  // Nine standard deviations hold all but 1e-12, less than the 32 bits of a threshold can tell.
  const double reach = 9 * std::sqrt(mean) + 9;
  const int smallest = mean == 0 ? 0 : std::max(0, static_cast<int>(std::floor(mean - reach)));
  const int largest = mean == 0 ? 0 : static_cast<int>(std::ceil(mean + reach));
  const int size = largest - smallest + 1;
  std::vector<double> share(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) {
    const double k = smallest + i;
    share[static_cast<std::size_t>(i)] = mean == 0 ? 1.0 : std::exp(k * std::log(mean) - mean - std::lgamma(k + 1));
  }
  const double total = std::accumulate(share.begin(), share.end(), 0.0);
  std::vector<std::uint32_t> poor;
  std::vector<std::uint32_t> rich;
  for (std::uint32_t i = 0; i < share.size(); ++i) {
    share[i] *= size / total;
    (share[i] < 1 ? poor : rich).push_back(i);
  }
  const std::size_t begin = cells_.size();
  levels_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(size), smallest});
  for (std::uint32_t i = 0; i < share.size(); ++i) {
    cells_.push_back({std::numeric_limits<std::uint32_t>::max(), i});
  }
  while (!poor.empty() && !rich.empty()) {
    const std::uint32_t taker = poor.back();
    const std::uint32_t giver = rich.back();
    poor.pop_back();
    cells_[begin + taker] = {static_cast<std::uint32_t>(share[taker] * 0x1.0p32), giver};
    share[giver] -= 1 - share[taker];
    if (share[giver] < 1) {
      rich.pop_back();
      poor.push_back(giver);
    }
  }
}

}  // namespace samsr
