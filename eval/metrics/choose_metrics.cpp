#include "eval/metrics/choose_metrics.h"

#include <fmt/ranges.h>

#include "core/error.h"
#include "eval/metrics/clipiqa/clipiqa.h"
#include "eval/metrics/lpips/lpips.h"
#include "eval/metrics/musiq/musiq.h"
#include "eval/metrics/niqe/niqe.h"
#include "eval/metrics/psnr.h"
#include "eval/metrics/ssim.h"

namespace samsr {
namespace {

using Paths = std::vector<std::filesystem::path>;

/// A metric whose weights lie in `files`, in the order of its description.
std::unique_ptr<Metric> made(std::string_view name, const Paths& files, const MetricOptions& options) {
  const std::int64_t crop = options.crop_border;
  if (name == "psnr_y" || name == "psnr_rgb") {
    return std::make_unique<Psnr>(name == "psnr_y" ? Channels::kLuma : Channels::kRgb, crop);
  }
  if (name == "ssim_y" || name == "ssim_rgb") {
    return std::make_unique<Ssim>(name == "ssim_y" ? Channels::kLuma : Channels::kRgb, crop);
  }
  if (name == "niqe") {
    return std::make_unique<Niqe>(crop);
  }
  if (name == "lpips" || name == "lpips_vgg") {
    return std::make_unique<Lpips>(name == "lpips" ? LpipsTrunk::kAlex : LpipsTrunk::kVgg, files[0], files[1], crop,
                                   options.device);
  }
  if (name == "clipiqa") {
    return std::make_unique<Clipiqa>(files[0], crop, options.device);
  }
  if (name == "musiq") {
    return std::make_unique<Musiq>(files[0], crop, options.device);
  }
  throw std::logic_error(fmt::format("metric {} has a description but is not made anywhere", name));
}

/// The metric, or in `missing` one line that says why there is none.
std::unique_ptr<Metric> made_or_missing(const MetricDescription& description, const MetricOptions& options,
                                        std::string& missing) {
  Paths found;
  std::vector<std::string> lacking;
  for (const std::string_view file : description.files) {
    const auto path = options.files != nullptr ? options.files->find(std::string(file)) : std::nullopt;
    if (path) {
      found.push_back(*path);
    } else {
      lacking.push_back(options.files != nullptr ? options.files->how_to_get(std::string(file))
                                                 : fmt::format("no folder was given to look for {} in", file));
    }
  }
  if (!lacking.empty()) {
    missing = fmt::format("{} is left out: {}", description.name, fmt::join(lacking, "; "));
    return nullptr;
  }
  return made(description.name, found, options);
}

}  // namespace

ChosenMetrics choose_metrics(const std::string& names, const MetricOptions& options) {
  ChosenMetrics chosen;
  for (const MetricDescription* description : metrics_named(names)) {
    std::string missing;
    if (auto metric = made_or_missing(*description, options, missing)) {
      chosen.metrics.push_back(std::move(metric));
    } else {
      chosen.left_out.push_back(missing);
    }
  }
  if (chosen.metrics.empty()) {
    throw UserError("no metric is left of '{}': {}", names, fmt::join(chosen.left_out, "; "));
  }
  return chosen;
}

std::unique_ptr<Metric> make_metric(const std::string& name, const MetricOptions& options) {
  std::string missing;
  auto metric = made_or_missing(metric_description(name), options, missing);
  if (!metric) {
    throw UserError("{}", missing);
  }
  return metric;
}

}  // namespace samsr
