#include "eval/markup/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace samsr {

std::vector<Rank> ranks_of(const std::vector<double>& values, bool higher_is_better, int decimals) {
  std::vector<Rank> ranks(values.size(), Rank::kNone);
  std::vector<double> shown(values.size(), std::nan(""));
  std::vector<double> order;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) {
      // As it is printed: two figures that the reader cannot tell apart must not be ranked.
      shown[i] = std::stod(fmt::format("{:.{}f}", values[i], decimals));
      order.push_back(shown[i]);
    }
  }
  const std::size_t figures = order.size();
  if (figures < 2) {
    return ranks;
  }
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  if (higher_is_better) {
    std::reverse(order.begin(), order.end());
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (shown[i] == order[0]) {
      ranks[i] = Rank::kBest;
    } else if (figures > 2 && shown[i] == order[1]) {
      ranks[i] = Rank::kSecond;
    }
  }
  return ranks;
}

std::string marked(const std::string& figure, Rank rank, const RankMarks& marks) {
  if (rank == Rank::kNone) {
    return figure;
  }
  const RankMark& mark = rank == Rank::kBest ? marks.best : marks.second;
  return mark.before + figure + mark.behind;
}

}  // namespace samsr
