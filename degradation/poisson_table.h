#pragma once

#include <cstdint>
#include <vector>

#include "core/rng.h"

namespace samsr {

/// Poisson numbers for the 256 means level / 255 · count (level 0 … 255) in constant time: one alias
/// table (Walker 1977, Vose 1991) a level.
class PoissonTable {
 public:
  /// `count` >= 1: the mean of level 255.
  explicit PoissonTable(int count);

  /// A Poisson number of mean level / 255 · count.
  int draw(int level, Rng& rng) const {
    const Level& table = levels_[static_cast<std::size_t>(level)];
    const std::uint64_t bits = rng.next();
    // The upper half picks a cell, the lower half decides between its two values.
    const std::uint64_t index = ((bits >> 32) * table.size) >> 32;
    const Cell& cell = cells_[table.begin + index];
    return table.smallest + static_cast<int>(static_cast<std::uint32_t>(bits) < cell.threshold ? index : cell.alias);
  }

 private:
  struct Cell {
    std::uint32_t threshold;
    std::uint32_t alias;
  };
  struct Level {
    std::uint32_t begin;
    std::uint32_t size;
    int smallest;
  };

  void add_level(double mean);

  std::vector<Level> levels_;
  std::vector<Cell> cells_;
};

}  // namespace samsr
