#pragma once

#include <cstdint>
#include <optional>

#include "data/shards/shard_set.h"

namespace samsr {

/// Consecutive samples of a data set, as --first and --count name them.
struct SampleSelection {
  std::uint64_t first = 0;               ///< index of the first sample
  std::optional<std::uint64_t> count{};  ///< all from `first` on when empty
  const char* option = "--first";        ///< that `first` came from, for messages

  /// How many samples of `set` these are, at least one. UserError where they are not all in it.
  std::uint64_t count_in(const ShardSet& set) const;
};

}  // namespace samsr
