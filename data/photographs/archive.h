#pragma once
// What an archive holds, and where: its members are read where they lie, nothing is unpacked to a disk.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/images/image_walk.h"
#include "data/shards/random_access_file.h"

namespace samsr {

/// A file that is an archive, or a part of one: an archive that lies uncompressed in another.
struct ArchiveRegion {
  const RandomAccessFile* file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string name;  ///< for messages
};

/// A picture, or an archive, in an archive.
struct ArchiveMember {
  std::string name{};        ///< its path there, in plain parts: without ./, // and ..
  std::uint64_t offset = 0;  ///< of its first byte in the file
  std::uint64_t size = 0;    ///< bytes, decompressed
  bool deflated = false;     ///< compressed as .zip does; else the bytes are the member's own
  bool archive = false;      ///< an archive by its name, and not compressed
};

/// Reads the headers of a .tar (ustar, GNU, pax) or .zip through libarchive, not what lies between. Gives the pictures
/// and the archives among the members, in the order of their paths' parts as a walk of the unpacked folder would. Of
/// several members of one name the last is taken, as unpacking would leave it. Counted in `left_out` are pictures that
/// cannot be read in place: encrypted ones, links, sparse ones, those compressed by another method than deflate or of
/// more than kLargestMember bytes, and names that lead out of the archive. `report` is told the bytes that lie behind.
/// Holds the names of one archive. UserError naming the archive when it is none, ends early, or is damaged.
std::vector<ArchiveMember> members_of(const ArchiveRegion& archive, LeftOutPictures& left_out,
                                      const std::function<void(std::uint64_t bytes)>& report);

/// Bytes of a picture's file. What claims more is made to fill the memory.
inline constexpr std::uint64_t kLargestMember = std::uint64_t{1} << 30;

/// The bytes of a member. UserError naming `name` when they are not there or cannot be decompressed.
std::string read_member(const RandomAccessFile& file, const ArchiveMember& member, const std::string& name);

}  // namespace samsr
