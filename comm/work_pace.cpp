#include "comm/work_pace.h"

#include <fmt/format.h>

#include <algorithm>

namespace samsr {

ProgressPace WorkPace::at(Clock::time_point now, const std::vector<RankWork>& ranks, std::uint64_t left,
                          const std::function<std::uint64_t(std::uint64_t item)>& units_of) {
  older_.reported.resize(ranks.size());
  const double seconds = std::max(std::chrono::duration<double>(now - older_.time).count(), 1e-9);
  ProgressPace pace;
  double own_items = 0;  // the longest of them
  std::size_t working = 0;
  std::size_t slowest = 0;
  double least = 0;
  for (std::size_t rank = 0; rank < ranks.size(); ++rank) {
    const RankWork& work = ranks[rank];
    const double rate = static_cast<double>(work.reported - older_.reported[rank]) / seconds;
    pace.rate += rate;
    if (!work.item) {
      continue;
    }
    if (const std::uint64_t units = units_of(*work.item); rate > 0 && units > work.reported_of_item) {
      own_items = std::max(own_items, static_cast<double>(units - work.reported_of_item) / rate);
    }
    if (working++ == 0 || rate < least) {
      slowest = rank;
      least = rate;
    }
  }
  pace.seconds = std::max(pace.rate > 0 ? static_cast<double>(left) / pace.rate : 0, own_items);
  note_.clear();
  if (ranks.size() > 1 && working == 1) {
    note_ = fmt::format("waiting for rank {}", slowest);
  } else if (working > 1 && pace.rate > 0) {
    note_ = fmt::format("slowest rank {}, {:.1f}/s", slowest, least);
  }
  if (now - newer_.time >= kWindow) {
    older_ = std::move(newer_);
    newer_ = {now, {}};
    for (const RankWork& work : ranks) {
      newer_.reported.push_back(work.reported);
    }
  }
  return pace;
}

}  // namespace samsr
