#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "comm/communicator.h"

namespace samsr {

/// The samples that training met whose checksum failed, over all ranks. They count when a step uses them, not when a
/// thread reads ahead, so the count is the same for any number of ranks.
class BadSamples {
 public:
  /// `place`: the shards' folder, for messages. At most `most` are borne.
  BadSamples(std::string place, int most) : place_(std::move(place)), most_(most) {}

  /// What the batches of one step met on each rank. Collective. UserError, the same on every rank, when there are
  /// too many.
  void add(const std::vector<std::uint64_t>& samples, Communicator& communicator);

  std::size_t count() const { return samples_.size(); }

 private:
  const std::string place_;
  const int most_;
  std::set<std::uint64_t> samples_;
};

}  // namespace samsr
