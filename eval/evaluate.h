#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/settings.h"
#include "eval/results.h"

namespace samsr {

/// Section `eval.`: how figures are measured.
struct EvalSettings {
  std::string metrics;           ///< comma-separated; empty for all that can be computed
  std::int64_t crop_border = 0;  ///< pixels
  std::int64_t scale = 4;        ///< of the bicubic row

  void bind(Settings& settings);
};

/// A method whose images lie in a folder.
struct EvalMethod {
  std::string name;
  std::filesystem::path folder;

  /// "name=DIR", or "DIR", whose name is then the folder's. UserError when either is empty.
  static EvalMethod parse(const std::string& argument);
};

/// What is compared with what.
struct EvalRequest {
  std::vector<EvalMethod> methods;
  std::filesystem::path reference;  ///< empty: only metrics that need none
  std::filesystem::path lq;         ///< low-resolution images: adds the row `bicubic`; empty: no such row
};

/// Scores every method of `request` on every image, matched by name. UserError, before anything is
/// computed, for a folder without images, differing names, a metric that needs the missing reference, two
/// methods of the same name; and for images of differing size, naming the first three.
Results evaluate(const EvalRequest& request, const EvalSettings& settings, Log& log);

}  // namespace samsr
