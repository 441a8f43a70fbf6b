#pragma once

#include <string>
#include <vector>

namespace samsr {

/// What a figure is in its column.
enum class Rank { kNone, kBest, kSecond };

/// Ranks of the figures of one column; NaN has none. Figures that look the same with `decimals` decimals share a rank.
/// A single figure is not the best, and a second best needs three figures.
std::vector<Rank> ranks_of(const std::vector<double>& values, bool higher_is_better, int decimals);

/// What stands before and behind a figure of a rank.
struct RankMark {
  const char* before;
  const char* behind;
};

/// How a language shows ranks.
struct RankMarks {
  RankMark best;
  RankMark second;
};

/// `figure` with the mark of its rank.
std::string marked(const std::string& figure, Rank rank, const RankMarks& marks);

}  // namespace samsr
