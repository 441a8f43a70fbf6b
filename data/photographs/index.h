#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/photographs/place.h"
#include "data/photographs/sources.h"
#include "data/shards/random_access_file.h"

namespace samsr {

/// One photograph that can be used.
struct Photograph : PhotographPlace {
  std::uint32_t checksum = 0;  ///< CRC-32C of its file
};

/// What was found in the sources of photographs.
struct PhotographSummary {
  PhotographSources sources{};             ///< absolute
  std::vector<std::uint64_t> usable_of{};  ///< of each source; their photographs follow each other
  std::string state;                       ///< CRC-32C of all files' paths, sizes and times, eight hex digits
  int min_size = 0;                        ///< photographs with a shorter side were left out, pixels
  int crop_size = 0;                       ///< side of the piece that is taken of each, pixels
  std::uint64_t files = 0;                 ///< looked at
  std::uint64_t usable = 0;                ///< the rest are:
  std::uint64_t below_crop = 0;            ///< of the usable: with a shorter side than crop_size
  std::uint64_t too_small = 0;
  std::uint64_t unreadable = 0;
  std::map<std::string, std::uint64_t> converted{};  ///< "grey", "16-bit", "CMYK", "alpha" → how many of the usable
  std::string fingerprint{};                         ///< CRC-32C of the usable files' paths and contents
  std::vector<std::string> problems{};               ///< a line for each of the first few that were left out
  std::vector<std::string> small{};                  ///< the first few that are below_crop: paths, as they are shown
  std::vector<std::string> remarks{};                ///< what was not taken from archives, a line each
};

/// The usable photographs of all sources, by number, in a file: memory does not grow with their number. Reading is safe
/// from several threads.
///
/// Layout, little-endian: 24 bytes "samsr-photographs/2" padded with zeros; offset and size of the summary (uint64
/// each) and its CRC-32C (uint32), 4 bytes 0; one record a photograph (offset of its path, length, CRC-32C of its
/// file: uint64, uint32, uint32; then source, packing, file_length, 4 bytes 0, offset and size of PhotographPlace);
/// the paths; the summary as JSON. "samsr-photographs/1", of one folder, ends its records before the source.
class PhotographIndex {
 public:
  /// UserError naming the file when it is missing, damaged or something else.
  explicit PhotographIndex(const std::filesystem::path& path);

  const PhotographSummary& summary() const { return summary_; }
  std::uint64_t size() const { return summary_.usable; }
  /// number < size(). UserError when the file is damaged there.
  Photograph at(std::uint64_t number) const;

 private:
  const std::filesystem::path path_;
  const RandomAccessFile file_;
  PhotographSummary summary_;
  std::uint64_t end_of_paths_ = 0;
  std::size_t record_size_ = 0;
};

/// Writes such a file, photograph by photograph, in constant memory; it is complete or absent.
class PhotographIndexWriter {
 public:
  /// For at most `most` photographs.
  PhotographIndexWriter(std::filesystem::path path, std::uint64_t most);
  /// Removes the unfinished file.
  ~PhotographIndexWriter();
  PhotographIndexWriter(const PhotographIndexWriter&) = delete;
  PhotographIndexWriter& operator=(const PhotographIndexWriter&) = delete;

  void append(const Photograph& photograph);
  void finish(const PhotographSummary& summary);

 private:
  void flush();

  const std::filesystem::path path_;
  const std::filesystem::path temporary_;
  const RandomAccessFile file_;
  std::uint64_t record_offset_;
  std::uint64_t path_offset_;
  std::string records_;  ///< not yet written
  std::string paths_;    ///< not yet written
  bool finished_ = false;
};

}  // namespace samsr
