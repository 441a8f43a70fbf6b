#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "core/log.h"

namespace samsr {

/// One file of the folder, looked at once.
struct Photograph {
  std::string path;  ///< relative to the folder
  int width = 0;     ///< pixels, upright
  int height = 0;
  std::uint32_t checksum = 0;  ///< CRC-32C of the file
  std::string converted;       ///< as ImageFile::converted
  std::string problem;         ///< one line; empty when the photograph was read
};

/// The photographs of a folder that can be used, and a count of the others.
struct PhotographList {
  std::vector<Photograph> usable;             ///< by path
  std::map<std::string, std::size_t> counts;  ///< "grey", "16-bit", "CMYK", "alpha" among the usable
  std::size_t too_small = 0;
  std::size_t unreadable = 0;

  /// CRC-32C of the usable files' paths and contents, eight hex digits.
  std::string fingerprint() const;
};

/// Reads every image below `folder` once, the ranks sharing the work; all get the same list. A photograph that
/// cannot be read or whose shorter side is below `min_size` pixels is left out with one line that names it.
/// UserError when none is left. Collective.
PhotographList scan_photographs(const std::filesystem::path& folder, int min_size, Communicator& comm, Log& log);

}  // namespace samsr
