#pragma once

#include <cstddef>
#include <filesystem>
#include <list>
#include <opencv2/core.hpp>
#include <string>
#include <unordered_map>
#include <utility>

#include "data/photographs/index.h"

namespace samsr {

/// Decoded photographs, the last used ones within a bound of memory. For one thread.
class PhotographCache {
 public:
  /// Of the files below `folder`, at most `bytes` (but always the last one).
  PhotographCache(std::filesystem::path folder, std::size_t bytes) : folder_(std::move(folder)), limit_(bytes) {}

  /// CV_8UC3 RGB. UserError when the file can no longer be read or its content has changed.
  cv::Mat load(const Photograph& photograph);

 private:
  using Entry = std::pair<std::string, cv::Mat>;

  const std::filesystem::path folder_;
  const std::size_t limit_;
  std::size_t used_ = 0;
  std::list<Entry> recent_;  ///< the last used first
  std::unordered_map<std::string, std::list<Entry>::iterator> found_;
};

}  // namespace samsr
