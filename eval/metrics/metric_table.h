#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace samsr {

/// What is known of a metric without making one.
struct MetricDescription {
  std::string_view name;   ///< canonical, such as "psnr_y"
  std::string_view alias;  ///< accepted as well; empty for none
  bool needs_reference;
  bool higher_is_better;
  int decimals;                             ///< digits behind the point that tables show
  std::span<const std::string_view> files;  ///< weight files by their names in configs/weights.yaml
};

/// All metrics, in the order of tables.
std::span<const MetricDescription> metric_table();

/// The metric of a canonical name or an alias. UserError with the nearest name for any other.
const MetricDescription& metric_description(std::string_view name);

/// The metrics of a comma-separated list of names and aliases, such as "psnr, ssim,lpips"; each once. UserError for an
/// unknown name or an empty list.
std::vector<const MetricDescription*> metrics_named(const std::string& names);

/// Canonical names, in the order of the table.
std::vector<std::string> metric_names();

}  // namespace samsr
