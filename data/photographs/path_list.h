#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/images/image_walk.h"
#include "data/shards/random_access_file.h"

namespace samsr {

/// The images below a folder as a list on disk, read in pieces of kPiece paths, so that memory does not grow with
/// their number. Two files in `place`: the paths, each ended by a zero byte, and where each piece begins (uint64).
class PathList {
 public:
  static constexpr std::uint64_t kPiece = 1024;

  /// Walks `images` (see walk_images) and writes the list into the folder `place`; returns what the walk left out.
  /// UserError as walk_images.
  static LeftOutPictures write(const std::filesystem::path& images, const std::filesystem::path& place);

  /// Removes the two files.
  static void remove(const std::filesystem::path& place);

  /// Reads a list that is complete.
  explicit PathList(const std::filesystem::path& place);

  std::uint64_t pieces() const { return pieces_; }
  /// The paths of a piece, relative to the folder of images: kPiece of them, fewer in the last piece.
  std::vector<std::string> piece(std::uint64_t number) const;

 private:
  const RandomAccessFile paths_;
  const RandomAccessFile offsets_;
  const std::uint64_t pieces_;
};

}  // namespace samsr
