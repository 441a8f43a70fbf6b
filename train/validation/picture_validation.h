#pragma once

#include <filesystem>
#include <memory>

#include "comm/communicator.h"
#include "core/log.h"
#include "eval/metrics/choose_metrics.h"
#include "eval/upscale/upscaler.h"
#include "train/settings.h"
#include "train/validation/validation.h"

namespace samsr {

/// Validation on the picture folders `val.lq` and `val.gt` as `samsr upscale` and `samsr eval` would do it: pictures
/// matched by name and shared out to the ranks, a mean over all of each metric. The first `val.panel` pictures (LR,
/// prediction, HR side by side) go to OUT/validation/step-NNNNNNNN/NAME.png. Null when val.lq is empty.
/// `options`: how the metrics are made. UserError for folders that do not fit together, an unknown metric, one that
/// needs the missing val.gt, and one whose weights are missing.
std::unique_ptr<Validation> make_picture_validation(const ValidationSettings& settings, const UpscaleSettings& upscale,
                                                    const MaskSettings& masks, const MetricOptions& options,
                                                    const std::filesystem::path& out, LoadedModel& average,
                                                    Communicator& communicator);

}  // namespace samsr
