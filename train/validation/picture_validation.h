#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <opencv2/core.hpp>

#include "comm/communicator.h"
#include "core/log.h"
#include "eval/metrics/choose_metrics.h"
#include "train/settings.h"
#include "train/validation/validation.h"

namespace samsr {

/// What enlarges pictures with the averaged weights as they are.
struct PictureModel {
  std::int64_t scale = 0;
  std::function<cv::Mat(const cv::Mat& rgb)> upscale{};  ///< CV_8UC3, as the result, which is `scale` times as large
};

/// Validation on the picture folders `val.lq` and `val.gt` as `samsr upscale` and `samsr eval` would do it: pictures
/// matched by name and shared out to the ranks, a mean over all of each metric. The first `val.panel` pictures (LR,
/// prediction, HR side by side) go to OUT/validation/step-NNNNNNNN/NAME.png. Null when val.lq is empty.
/// Every picture is read once here, so that a damaged one, or a pair of other sizes, is found before training; what
/// fails later is a line, and its picture is left out of the mean. `model` is asked once; `options`: how the metrics
/// are made. UserError for folders that do not fit together, an unknown metric, one that needs the missing val.gt, one
/// whose weights are missing, and one asked for that has no value for any picture. Collective.
std::unique_ptr<Validation> make_picture_validation(const ValidationSettings& settings,
                                                    const std::function<PictureModel()>& model,
                                                    const MetricOptions& options, const std::filesystem::path& out,
                                                    Communicator& communicator, Log& log);

}  // namespace samsr
