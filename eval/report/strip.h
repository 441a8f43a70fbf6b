#pragma once

#include <cstdint>
#include <filesystem>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "core/log.h"
#include "eval/measure/comparison.h"

namespace samsr {

/// What a strip shows.
struct StripSettings {
  std::vector<std::string> names;  ///< without extension, one row each; empty: `count` of them, spread evenly
  std::int64_t count = 4;
  std::int64_t crop = 192;   ///< side of the piece of each image with the most detail, pixels of the result
  std::int64_t columns = 0;  ///< pictures in a line; 0: as many as 1,500 pixels hold, at least four, in even lines
};

/// One row an image, each picture_rows() of `comparison` below its label, in several lines where they are many: CV_8UC3
/// RGB, rows that are narrower filled with white. UserError when an image of `settings` is not one that all folders
/// have, with the name that is nearest, and when the pictures of an image differ in size.
cv::Mat draw_strip(const Comparison& comparison, const StripSettings& settings);

/// Draws the strip of `request` and writes it as PNG. UserError also for a name that does not end in .png or lies
/// in a folder of `request`, and as plan_comparison().
void write_strip(const EvalRequest& request, std::int64_t scale, const StripSettings& settings,
                 const std::filesystem::path& out, Log& log);

}  // namespace samsr
