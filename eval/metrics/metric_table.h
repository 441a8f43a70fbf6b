#pragma once
// The one table of metrics: what is known of each, and how it is made. A new metric is its class and a line here.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace samsr {

class Metric;
struct MetricParts;

/// What is known of a metric without making one.
struct MetricDescription {
  std::string_view name;   ///< canonical, such as "psnr_y"
  std::string_view alias;  ///< accepted as well; empty for none
  bool needs_reference;
  bool higher_is_better;
  int decimals;                         ///< digits behind the point that tables show
  bool usual;                           ///< computed where no metrics are named
  bool whole_set;                       ///< measures a set of pictures as a whole (SetMetric)
  std::vector<std::string_view> files;  ///< weight files by their names in configs/weights.yaml
  std::unique_ptr<Metric> (*make)(const MetricParts& parts);
};

/// All metrics, in the order of tables.
const std::vector<MetricDescription>& metric_table();

/// The metric of a canonical name or an alias. UserError with the nearest name for any other.
const MetricDescription& metric_description(std::string_view name);

/// The metrics of a comma-separated list of names and aliases, such as "psnr, ssim,lpips"; each once. UserError for an
/// unknown name or an empty list.
std::vector<const MetricDescription*> metrics_named(const std::string& names);

/// Those that are computed where no metrics are named, in the order of the table.
std::vector<const MetricDescription*> usual_metrics();

/// Those of a list that measure a set of pictures as a whole, as "fid, fid_pytorch"; empty where none does.
std::string whole_set_names(const std::vector<const MetricDescription*>& metrics);

/// Canonical names, in the order of the table.
std::vector<std::string> metric_names();

}  // namespace samsr
