#pragma once

#include <cstdint>
#include <string>

namespace samsr {

/// Where a photograph lies.
struct PhotographPlace {
  /// How its bytes lie in the file.
  enum class Packing : std::uint32_t {
    kFile,      ///< they are the file
    kStored,    ///< as they are, from `offset` on
    kDeflated,  ///< compressed as in a .zip, from `offset` on
    kArchive,   ///< the file is an archive that is yet to be looked into: no photograph
  };

  std::uint32_t source = 0;       ///< number in data.images
  std::string path;               ///< below the source's root; of a member of an archive ARCHIVE/MEMBER, and so on
  std::uint32_t file_length = 0;  ///< the beginning of `path` that names the file
  Packing packing = Packing::kFile;
  std::uint64_t offset = 0;  ///< in the file
  std::uint64_t size = 0;    ///< bytes of a member, decompressed

  /// The file, below the source's root.
  std::string file() const { return path.substr(0, file_length); }
};

/// A photograph that is a file of its own.
inline PhotographPlace file_place(std::uint32_t source, std::string path) {
  const auto length = static_cast<std::uint32_t>(path.size());
  return {.source = source, .path = std::move(path), .file_length = length};
}

}  // namespace samsr
