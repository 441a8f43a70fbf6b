#pragma once

#include <cstdint>
#include <memory>
#include <opencv2/core.hpp>
#include <string>

#include "data/settings.h"
#include "data/shards/sample.h"
#include "degradation/pipeline.h"
#include "models/first_stage.h"

namespace samsr {

/// Makes samples: crop, degradation, masks, coverage, latents.
class SampleMaker {
 public:
  /// UserError when settings contradict each other or the first stage's weights are missing.
  explicit SampleMaker(const BuildSettings& settings);

  /// Sample `index` from `photograph` (CV_8UC3 RGB), whose path is recorded. A pure function of the settings
  /// and the arguments, as long as one thread computes it (see SingleThreaded).
  Sample make(std::uint64_t index, const cv::Mat& photograph, const std::string& path) const;

 private:
  /// Coverage of CV_8UC3 `image`, pooled by the scale: (rows/scale, cols/scale) uint8.
  at::Tensor coverage_of(const cv::Mat& image) const;

  const BuildSettings settings_;
  const DegradationPipeline degradation_;
  const std::shared_ptr<const FirstStage> first_stage_;  ///< null when no latents are stored
};

}  // namespace samsr
