#include "eval/measure/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

namespace samsr {

std::vector<Standing> standings(const std::vector<double>& values, bool higher_is_better, int decimals) {
  std::vector<Standing> places(values.size(), Standing::kNone);
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
    return places;
  }
  std::sort(order.begin(), order.end());
  order.erase(std::unique(order.begin(), order.end()), order.end());
  if (higher_is_better) {
    std::reverse(order.begin(), order.end());
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (shown[i] == order[0]) {
      places[i] = Standing::kBest;
    } else if (figures > 2 && shown[i] == order[1]) {
      places[i] = Standing::kSecond;
    }
  }
  return places;
}

}  // namespace samsr
