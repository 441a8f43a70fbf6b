#pragma once
// Scores of several methods on one set of images, and the files they are kept in.

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "eval/markup/ranking.h"
#include "eval/measure/bootstrap.h"
#include "eval/metrics/metric.h"

namespace samsr {

/// How a column of figures was measured and is shown.
struct MetricInfo {
  std::string name;
  std::string protocol;
  bool higher_is_better = true;
  int decimals = 2;
  bool whole_set = false;  ///< of a set as a whole, so that single images have none

  /// How a figure of several images came about: "mean over", or "over" where it is no mean.
  const char* over() const { return whole_set ? "over" : "mean over"; }
};

MetricInfo describe(const Metric& metric);

/// Red, green and blue, 0 … 255.
using Colour = std::array<double, 3>;

/// One image's scores in the order of the metrics; NaN where a metric has no value.
struct ImageScores {
  std::string image;
  std::vector<double> values;
  std::optional<Colour> colour_shift = {};  ///< mean colour less that of its counterpart
};

/// A figure of a whole set.
struct SetFigure {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::optional<Interval> interval = {};  ///< where it lies with 95 % confidence
  std::int64_t counted = 0;               ///< images that it is of
};

/// What one method reached.
struct MethodScores {
  std::string name;
  std::string source;  ///< where its images came from
  std::vector<ImageScores> images;
  double seconds_per_image = std::numeric_limits<double>::quiet_NaN();  ///< to make one; NaN when not measured
  double parameters = std::numeric_limits<double>::quiet_NaN();  ///< learned numbers, in millions; NaN when unknown

  std::map<std::size_t, SetFigure> of_set = {};  ///< by the number of the metric: of those of whole sets

  /// Mean over the images that have a value, and their number; NaN and 0 when none has. Of a metric of whole sets its
  /// figure and what that counted.
  double mean(std::size_t metric) const;
  std::int64_t counted(std::size_t metric) const;
  /// Where the mean lies with 95 % confidence; none for fewer than two images.
  std::optional<Interval> interval(std::size_t metric) const;
  /// Mean over the images that have one: by how much the method changes colours. None when no image has.
  std::optional<Colour> colour_shift() const;
};

struct Results {
  std::string reference;  ///< folder of the references; empty when there are none
  std::vector<MetricInfo> metrics;
  std::vector<MethodScores> methods;
  std::string benchmark;  ///< machine name of the set ("realsr"); empty for plain folders
  std::string title;      ///< its name for readers ("RealSR"); empty for plain folders

  /// Rank of each method's mean.
  std::vector<Rank> ranks(std::size_t metric) const;
};

/// "PSNR-Y" for "psnr_y".
std::string display_name(const MetricInfo& metric);
/// A figure as tables show it; "-" for NaN.
std::string display_value(const MetricInfo& metric, double value);
/// "[24.01, 25.30]" with as many decimals as the metric's figures.
std::string display_interval(const Interval& interval, int decimals);

/// Table with one row a method, best in bold, second best underlined, each mean with its interval; below it each
/// metric's protocol and count.
std::string markdown_table(const Results& results);
/// One line an image and method: method,image,<metric>…, without metrics of whole sets; empty where there is no value.
std::string csv_table(const Results& results);
/// Everything, with full precision; null where there is no value.
std::string json_results(const Results& results);

/// What a results.json of samsr says near its beginning, without the version.
inline constexpr const char* kResultsFormat = "samsr-results/";

/// Whether `folder` holds a results.json of samsr, of any version.
bool holds_results(const std::filesystem::path& folder);
/// Writes results.json, results.csv and results.md into `folder`, which is made.
void write_results(const Results& results, const std::filesystem::path& folder);
/// Reads results.json back. UserError naming the file and the key when it is none of ours.
Results read_results(const std::filesystem::path& file);

}  // namespace samsr
