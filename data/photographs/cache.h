#pragma once

#include <cstddef>
#include <opencv2/core.hpp>

#include "core/lru_cache.h"
#include "data/images/codec.h"
#include "data/photographs/index.h"
#include "data/photographs/reader.h"

namespace samsr {

/// Decoded photographs, the last used ones within a bound of memory. For one thread.
class PhotographCache {
 public:
  /// Of the photographs of `sources`, at most `bytes` (but always the last one). UserError as root_of_source().
  PhotographCache(const PhotographSources& sources, std::size_t bytes, const ImageLimits& limits = {});

  /// CV_8UC3 RGB. UserError when the file can no longer be read or its content has changed.
  cv::Mat load(const Photograph& photograph);

 private:
  PhotographReader reader_;
  const ImageLimits limits_;
  LruCache<cv::Mat> images_;  ///< by source and path
};

}  // namespace samsr
