#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/log.h"
#include "eval/upscale/upscale_plan.h"

namespace samsr {

/// Writes a page that compares pictures, enlarged bicubically, with their results (eval/comparison), a hundred of them
/// at most, evenly chosen. Of a large result its middle is shown, pixel for pixel; one of more than 64 megapixels, and
/// a picture that can no longer be read, is left out with a line in the log. `made_with`: of the model, for the page.
/// Errors as ComparisonPage's; nothing is written where no result is left.
void compare_results(const std::vector<UpscaleJob>& jobs, std::int64_t scale, const ImageLimits& limits,
                     const std::string& made_with, const std::filesystem::path& page, Log& log);

}  // namespace samsr
