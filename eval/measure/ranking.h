#pragma once

#include <vector>

namespace samsr {

/// A figure's place in its column.
enum class Standing { kNone, kBest, kSecond };

/// Places of the figures of one column; NaN has none. Figures that look the same with `decimals` decimals share
/// a place. A single figure is not marked as best, and a second place needs three figures.
std::vector<Standing> standings(const std::vector<double>& values, bool higher_is_better, int decimals);

}  // namespace samsr
