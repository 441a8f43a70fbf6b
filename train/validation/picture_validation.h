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
/// Every picture is read once here, so that a damaged one, or a pair of other sizes, is found before training; what
/// fails later is a line, and its picture is left out of the mean. `options`: how the metrics are made. UserError for
/// folders that do not fit together, an unknown metric, one that needs the missing val.gt, one whose weights are
/// missing, and one asked for that has no value for any picture. Collective.
std::unique_ptr<Validation> make_picture_validation(const ValidationSettings& settings, const UpscaleSettings& upscale,
                                                    const MaskSettings& masks, const MetricOptions& options,
                                                    const std::filesystem::path& out, LoadedModel& average,
                                                    Communicator& communicator, Log& log);

}  // namespace samsr
