#pragma once

#include <cstddef>
#include <filesystem>
#include <opencv2/core.hpp>
#include <vector>

#include "core/lru_cache.h"
#include "data/images/codec.h"
#include "data/photographs/index.h"

namespace samsr {

/// Decoded photographs, the last used ones within a bound of memory. For one thread.
class PhotographCache {
 public:
  /// Of the photographs of `sources`, at most `bytes` (but always the last one). UserError as root_of_source().
  PhotographCache(const PhotographSources& sources, std::size_t bytes, const ImageLimits& limits = {});

  /// CV_8UC3 RGB. UserError when the file can no longer be read or its content has changed.
  cv::Mat load(const Photograph& photograph);

 private:
  std::vector<std::filesystem::path> roots_;  ///< of the sources
  const ImageLimits limits_;
  LruCache<cv::Mat> images_;  ///< by source and path
};

}  // namespace samsr
