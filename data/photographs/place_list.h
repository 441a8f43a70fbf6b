#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "data/photographs/place.h"
#include "data/shards/random_access_file.h"

namespace samsr {

/// Places of photographs as a list on disk, read in pieces of kPiece, so that memory does not grow with their number.
/// Two files in a folder: the places, and where each piece begins (uint64).
class PlaceList {
 public:
  static constexpr std::uint64_t kPiece = 1024;

  /// Removes the two files.
  static void remove(const std::filesystem::path& folder);

  /// Reads a list that is complete.
  explicit PlaceList(const std::filesystem::path& folder);

  std::uint64_t pieces() const { return pieces_; }
  /// kPiece places, fewer in the last piece.
  std::vector<PhotographPlace> piece(std::uint64_t number) const;

 private:
  const RandomAccessFile places_;
  const RandomAccessFile offsets_;
  const std::uint64_t pieces_;
};

/// Writes such a list into a folder, place by place, in constant memory.
class PlaceListWriter {
 public:
  explicit PlaceListWriter(const std::filesystem::path& folder);
  ~PlaceListWriter();
  PlaceListWriter(const PlaceListWriter&) = delete;
  PlaceListWriter& operator=(const PlaceListWriter&) = delete;

  void append(const PhotographPlace& place);
  void finish();

 private:
  class Appender;

  std::unique_ptr<Appender> places_;
  std::unique_ptr<Appender> offsets_;
  std::uint64_t count_ = 0;
};

}  // namespace samsr
