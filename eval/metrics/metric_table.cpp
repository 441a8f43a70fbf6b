#include "eval/metrics/metric_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "core/error.h"
#include "core/nearest_name.h"

namespace samsr {
namespace {

constexpr std::array<std::string_view, 2> kAlexFiles = {"alexnet", "lpips_alex"};
constexpr std::array<std::string_view, 2> kVggFiles = {"vgg16", "lpips_vgg"};
constexpr std::array<std::string_view, 1> kClipFiles = {"clip_rn50"};
constexpr std::array<std::string_view, 1> kMusiqFiles = {"musiq_koniq"};

constexpr std::array<MetricDescription, 9> kMetrics = {{
    {"psnr_y", "psnr", true, true, 2, {}},
    {"psnr_rgb", "", true, true, 2, {}},
    {"ssim_y", "ssim", true, true, 4, {}},
    {"ssim_rgb", "", true, true, 4, {}},
    {"lpips", "lpips_alex", true, false, 4, kAlexFiles},
    {"lpips_vgg", "", true, false, 4, kVggFiles},
    {"clipiqa", "", false, true, 4, kClipFiles},
    {"musiq", "", false, true, 3, kMusiqFiles},
    {"niqe", "", false, false, 2, {}},
}};

std::string without_spaces_around(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

std::span<const MetricDescription> metric_table() { return kMetrics; }

std::vector<const MetricDescription*> metrics_named(const std::string& names) {
  std::vector<const MetricDescription*> wanted;
  std::istringstream list(names);
  for (std::string name; std::getline(list, name, ',');) {
    const MetricDescription* description = &metric_description(without_spaces_around(name));
    if (std::find(wanted.begin(), wanted.end(), description) == wanted.end()) {
      wanted.push_back(description);
    }
  }
  if (wanted.empty()) {
    throw UserError("no metric named; known: {}", fmt::join(metric_names(), ", "));
  }
  return wanted;
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const MetricDescription& metric : kMetrics) {
    names.emplace_back(metric.name);
  }
  return names;
}

const MetricDescription& metric_description(std::string_view name) {
  const auto found = std::find_if(kMetrics.begin(), kMetrics.end(), [&](const MetricDescription& metric) {
    return name == metric.name || (!name.empty() && name == metric.alias);
  });
  if (found != kMetrics.end()) {
    return *found;
  }
  const std::vector<std::string> names = metric_names();
  const std::string near = nearest_name(name, names);
  throw UserError("unknown metric '{}'{}; known: {}", name,
                  near.empty() ? std::string() : fmt::format(", did you mean '{}'?", near), fmt::join(names, ", "));
}

}  // namespace samsr
