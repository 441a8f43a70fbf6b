#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/lru_cache.h"
#include "data/images/codec.h"
#include "data/photographs/place.h"
#include "data/photographs/sources.h"
#include "data/shards/random_access_file.h"

namespace samsr {

/// Reads the files of photographs from wherever they lie. The archives read last stay open: to open one for each of
/// its pictures costs a network file system several messages, and the system its reading ahead. For one thread.
class PhotographReader {
 public:
  /// Of the photographs of `sources`. UserError as root_of_source().
  explicit PhotographReader(const PhotographSources& sources, const ImageLimits& limits = {});

  /// The bytes of a photograph's file. UserError naming it when they cannot be read, or are more than a picture within
  /// the limits may have.
  std::string read(const PhotographPlace& place);
  /// Its name in messages.
  std::filesystem::path path_of(const PhotographPlace& place) const { return roots_.at(place.source) / place.path; }

 private:
  static constexpr std::size_t kArchivesOpen = 8;

  const std::vector<std::filesystem::path> roots_;  ///< of the sources
  const ImageLimits limits_;
  LruCache<std::shared_ptr<const RandomAccessFile>> archives_{kArchivesOpen};  ///< by path
};

}  // namespace samsr
