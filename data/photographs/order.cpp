#include "data/photographs/order.h"

#include <algorithm>
#include <cmath>

#include "core/rng.h"
#include "data/shards/permutation.h"

namespace samsr {
namespace {

constexpr int kShareBits = 32;
constexpr std::uint64_t kAllShares = std::uint64_t{1} << kShareBits;

/// How many of `count` a share takes; grows by 0 or 1 when the count grows by 1.
std::uint64_t samples_of_share(std::uint64_t count, std::uint64_t share) {
  const std::uint64_t high = count >> kShareBits;
  const std::uint64_t low = count & (kAllShares - 1);
  return high * share + (low * share >> kShareBits);
}

}  // namespace

PhotographOrder::PhotographOrder(const PhotographSummary& summary, std::uint64_t seed) : seed_(seed) {
  if (!summary.sources.weighted()) {
    pools_.push_back({0, summary.usable, kAllShares});
    return;
  }
  double behind = 0;
  for (const PhotographSource& source : summary.sources) {
    behind += source.weight;
  }
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < summary.sources.size(); ++i) {
    const double share = std::round(summary.sources[i].weight / behind * static_cast<double>(kAllShares));
    const bool last = i + 1 == summary.sources.size();
    pools_.push_back(
        {first, summary.usable_of[i],
         last ? kAllShares : std::clamp(static_cast<std::uint64_t>(share), std::uint64_t{1}, kAllShares - 1)});
    behind -= summary.sources[i].weight;
    first += summary.usable_of[i];
  }
}

std::uint64_t PhotographOrder::operator()(std::uint64_t index) const {
  std::size_t number = 0;
  for (; number + 1 < pools_.size(); ++number) {
    const std::uint64_t before = samples_of_share(index, pools_[number].share);
    if (samples_of_share(index + 1, pools_[number].share) > before) {
      index = before;
      break;
    }
    index -= before;
  }
  const Pool& pool = pools_[number];
  const std::uint64_t epoch = index / pool.size;
  const std::uint64_t seed = pools_.size() == 1 ? derive_seed(seed_, "photograph order", {epoch})
                                                : derive_seed(seed_, "photograph order", {epoch, number});
  return pool.first + Permutation(pool.size, seed)(index % pool.size);
}

std::string weights_line(const PhotographSummary& summary) {
  std::string line;
  for (std::size_t i = 0; summary.sources.weighted() && i < summary.sources.size(); ++i) {
    line += fmt::format("{}{} at {}", line.empty() ? "photograph_weights: " : ", ", summary.usable_of[i],
                        summary.sources[i].weight);
  }
  return line.empty() ? line : line + "\n";
}

}  // namespace samsr
