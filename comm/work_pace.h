#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "comm/work_queue.h"
#include "core/progress.h"

namespace samsr {

/// How fast the ranks get on with a WorkQueue, and when they will be done, from what they reported in the last minutes:
/// a task that began slowly, or a host that slows down, does not show for ever.
class WorkPace {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::duration kWindow = std::chrono::minutes(2);

  explicit WorkPace(Clock::time_point start) : older_{start, {}}, newer_{start, {}} {}

  /// `left`: units that are not done. Done is what the ranks share at their common rate, but not before each has
  /// finished the item (`units_of` it) that it works on, at its own.
  ProgressPace at(Clock::time_point now, const std::vector<RankWork>& ranks, std::uint64_t left,
                  const std::function<std::uint64_t(std::uint64_t item)>& units_of);
  /// "slowest rank 3, 1.2/s", of those that at() found working; "waiting for rank 3" where one alone still is. Empty
  /// with one rank, or as long as there is nothing to compare.
  const std::string& note() const { return note_; }

 private:
  struct Moment {
    Clock::time_point time;
    std::vector<std::uint64_t> reported;
  };

  Moment older_;  ///< rates are taken since then: one window ago, two at most
  Moment newer_;
  std::string note_;
};

}  // namespace samsr
