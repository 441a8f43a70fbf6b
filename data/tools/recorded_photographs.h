#pragma once

#include <filesystem>
#include <opencv2/core.hpp>
#include <string>

#include "core/log.h"
#include "core/lru_cache.h"
#include "data/images/codec.h"

namespace samsr {

/// The photographs that the records of a data set name, decoded; the last used ones within a bound of memory. A data
/// set may come from a stranger, and a name that leads out of the folder would make samsr read any picture of the user:
/// only photographs below the folder are read. For one thread.
class RecordedPhotographs {
 public:
  /// Below `folder`; of decoded pictures at most `bytes` (but always the last one).
  RecordedPhotographs(std::filesystem::path folder, std::size_t bytes, const ImageLimits& limits, Log& log);

  const std::filesystem::path& folder() const { return folder_; }

  /// CV_8UC3 RGB of the photograph `image`; `where` tells the sample in messages. UserError for a name that leads out
  /// of the folder, and when the file cannot be read; a link that the folder itself has is followed, and said.
  cv::Mat read(const std::string& image, const std::string& where);

 private:
  std::filesystem::path path_of(const std::string& image, const std::string& where) const;

  const std::filesystem::path folder_;
  const ImageLimits limits_;
  Log& log_;
  LruCache<cv::Mat> images_;  ///< by name
};

}  // namespace samsr
