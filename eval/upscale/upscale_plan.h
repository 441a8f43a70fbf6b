#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/upscale/upscaler.h"

namespace samsr {

/// One picture and where its result goes.
struct UpscaleJob {
  std::filesystem::path in;
  std::filesystem::path out;
  ImageFormat format;
};

struct UpscalePlan {
  std::vector<UpscaleJob> jobs;
  std::filesystem::path folder;  ///< of the results; empty when the result is a file named by the user
  std::string left_out{};        ///< pictures in formats that samsr does not read, for the user to know; or empty
  std::vector<std::string> unreadable{};  ///< a line for each folder below that of the pictures that cannot be read
};

/// What `samsr upscale IN OUT` is to do. UserError as upscale_files(), for what can be told before any work.
UpscalePlan plan_upscale(const std::filesystem::path& in, const std::filesystem::path& out,
                         const UpscaleSettings& settings);

}  // namespace samsr
