#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/log.h"
#include "data/images/codec.h"
#include "data/photographs/place_list.h"
#include "data/photographs/sources.h"

namespace samsr {

inline constexpr std::size_t kStateDigits = 8;

/// A checksum as states and fingerprints have it: kStateDigits hex digits.
std::string state_text(std::uint32_t checksum);

/// What a line of a state or fingerprint begins with: which of several sources it is of.
std::string source_prefix(const PhotographSources& sources, const PhotographPlace& place);

/// The states of the pieces `numbers` of the list, one behind the other: each the CRC-32C of its places' paths, of
/// their files' sizes and times, and of limits that are not the usual ones. Asks for several files at once, since a
/// network file system takes its time for each. `ranks`, which do as much, stand in the progress that is shown.
std::string states_of_pieces(const PlaceList& list, const std::vector<std::uint64_t>& numbers,
                             const PhotographSources& sources, const ImageLimits& limits, std::uint64_t ranks,
                             Log& log);

}  // namespace samsr
