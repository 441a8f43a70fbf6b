#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "comm/communicator.h"
#include "data/photographs/place.h"

namespace samsr {

/// Appends a place: 32 bytes (offset and size, uint64; source, packing, file_length, length of its path, uint32), and
/// its path.
void append_place(std::string& bytes, const PhotographPlace& place);

/// The place at the beginning of `bytes`, which then begins behind it.
PhotographPlace take_place(std::string_view& bytes);

/// Places of photographs in memory, 40 bytes and its path each.
class PackedPlaces {
 public:
  void append(const PhotographPlace& place);
  std::uint64_t size() const { return offsets_.size(); }
  PhotographPlace at(std::uint64_t number) const;
  /// Replaces the places by those of rank 0. Collective.
  void broadcast(Communicator& comm);

 private:
  std::string bytes_;
  std::vector<std::uint64_t> offsets_;  ///< of each place
};

}  // namespace samsr
