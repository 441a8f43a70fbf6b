#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "eval/metrics/metric.h"
#include "models/weights/official_files.h"

namespace samsr {

/// How metrics are made.
struct MetricOptions {
  std::int64_t crop_border = 0;                 ///< pixels left out on each side
  c10::Device device = c10::Device(c10::kCPU);  ///< of the networks
  const OfficialFiles* files = nullptr;         ///< where weights lie; none: nowhere
};

struct ChosenMetrics {
  std::vector<std::unique_ptr<Metric>> metrics;
  /// One line for each metric whose weights are missing: which file, where it is published, where to put it.
  std::vector<std::string> left_out;
};

/// The metrics of a comma-separated list of names and aliases, such as "psnr,ssim,lpips"; each once, with its weights
/// read. UserError for an unknown name, an empty list, a weight file that is damaged or does not fit, and when all
/// are left out.
ChosenMetrics choose_metrics(const std::string& names, const MetricOptions& options = {});

/// One metric by name or alias; UserError also when its weights are missing.
std::unique_ptr<Metric> make_metric(const std::string& name, const MetricOptions& options = {});

}  // namespace samsr
