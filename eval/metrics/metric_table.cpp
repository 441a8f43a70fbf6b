#include "eval/metrics/metric_table.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "core/error.h"
#include "core/nearest_name.h"
#include "eval/metrics/clipiqa/clipiqa.h"
#include "eval/metrics/dists/dists.h"
#include "eval/metrics/fid/fid.h"
#include "eval/metrics/lpips/lpips.h"
#include "eval/metrics/musiq/musiq.h"
#include "eval/metrics/niqe/niqe.h"
#include "eval/metrics/psnr.h"
#include "eval/metrics/ssim.h"

namespace samsr {
namespace {

/// The maker of a metric; `kVariant`: what its constructor takes first.
template <class Made, auto... kVariant>
std::unique_ptr<Metric> make(const MetricParts& parts) {
  return std::make_unique<Made>(kVariant..., parts);
}

std::string without_spaces_around(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

const std::vector<MetricDescription>& metric_table() {
  static const std::vector<MetricDescription> table = {
      // name, alias, needs a reference, higher is better, decimals, usual, of a whole set, weight files, maker
      {"psnr_y", "psnr", true, true, 2, true, false, {}, make<Psnr, Channels::kLuma>},
      {"psnr_rgb", "", true, true, 2, false, false, {}, make<Psnr, Channels::kRgb>},
      {"ssim_y", "ssim", true, true, 4, true, false, {}, make<Ssim, Channels::kLuma>},
      {"ssim_rgb", "", true, true, 4, false, false, {}, make<Ssim, Channels::kRgb>},
      {"lpips", "lpips_alex", true, false, 4, true, false, {"alexnet", "lpips_alex"}, make<Lpips, LpipsTrunk::kAlex>},
      {"lpips_vgg", "", true, false, 4, false, false, {"vgg16", "lpips_vgg"}, make<Lpips, LpipsTrunk::kVgg>},
      {"dists", "", true, false, 4, false, false, {"vgg16", "dists"}, make<Dists>},
      {"niqe", "", false, false, 2, true, false, {}, make<Niqe>},
      {"clipiqa", "", false, true, 4, true, false, {"clip_rn50"}, make<Clipiqa>},
      {"musiq", "", false, true, 3, true, false, {"musiq_koniq"}, make<Musiq>},
      {"fid", "fid_clean", true, false, 2, false, true, {"inception_fid"}, make<Fid, FidResizing::kClean>},
      {"fid_pytorch", "", true, false, 2, false, true, {"inception_fid"}, make<Fid, FidResizing::kPytorch>},
  };
  return table;
}

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

std::vector<const MetricDescription*> usual_metrics() {
  std::vector<const MetricDescription*> usual;
  for (const MetricDescription& metric : metric_table()) {
    if (metric.usual) {
      usual.push_back(&metric);
    }
  }
  return usual;
}

std::string whole_set_names(const std::vector<const MetricDescription*>& metrics) {
  std::vector<std::string_view> names;
  for (const MetricDescription* metric : metrics) {
    if (metric->whole_set) {
      names.push_back(metric->name);
    }
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names;
  for (const MetricDescription& metric : metric_table()) {
    names.emplace_back(metric.name);
  }
  return names;
}

const MetricDescription& metric_description(std::string_view name) {
  const std::vector<MetricDescription>& table = metric_table();
  const auto found = std::find_if(table.begin(), table.end(), [&](const MetricDescription& metric) {
    return name == metric.name || (!name.empty() && name == metric.alias);
  });
  if (found != table.end()) {
    return *found;
  }
  const std::vector<std::string> names = metric_names();
  throw UserError("unknown metric '{}'{}; known: {}", name, did_you_mean(name, names), fmt::join(names, ", "));
}

}  // namespace samsr
