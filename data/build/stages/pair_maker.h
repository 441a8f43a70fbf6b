#pragma once

#include <cstdint>
#include <map>
#include <opencv2/core.hpp>
#include <optional>
#include <string>

#include "data/build/settings.h"
#include "data/shards/sample.h"
#include "degradation/pipeline.h"

namespace samsr {

/// Makes pairs: crop and degradation.
class PairMaker {
 public:
  /// UserError when settings contradict each other.
  PairMaker(const DataSettings& data, const DegradationSettings& degradation);

  /// hr, lr and source of sample `index`, degraded to the factor `scale`, which is one of data.scale and data.scales,
  /// from `photograph` (CV_8UC3 RGB), whose path is recorded, with the number of its `source` in data.images where
  /// there are several. A pure function of the settings and the arguments, as long as one thread computes it (see
  /// SingleThreaded).
  Sample make(std::uint64_t index, int scale, const cv::Mat& photograph, const std::string& path,
              std::optional<std::uint32_t> source = {}) const;

 private:
  const DataSettings data_;
  std::map<int, DegradationPipeline> degradations_;  ///< by the factor
};

}  // namespace samsr
