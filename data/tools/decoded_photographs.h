#pragma once

#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <string>

#include "core/log.h"
#include "core/lru_cache.h"
#include "data/images/codec.h"
#include "data/photographs/recorded.h"

namespace samsr {

/// The photographs that the records of a data set name (RecordedPhotographs), decoded; the last used ones within a
/// bound of memory. For one thread.
class DecodedPhotographs {
 public:
  /// Of decoded pictures at most `bytes` are held, but always the last one.
  DecodedPhotographs(PhotographSources sources, std::size_t bytes, const ImageLimits& limits, Log& log);

  /// CV_8UC3 RGB of the photograph `image` of source number `source`; `where` tells the sample in messages, `listed` as
  /// in RecordedPhotographs::read(). UserError as there, and when the picture cannot be decoded.
  cv::Mat read(const std::string& image, std::uint32_t source, const std::string& where, const Photograph* listed);

 private:
  RecordedPhotographs files_;
  const ImageLimits limits_;
  LruCache<cv::Mat> images_;  ///< by source and name
};

}  // namespace samsr
