#include "eval/tables/merge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "core/error.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kFileName = "results.json";

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  const auto options = fs::directory_options::skip_permission_denied;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder, options)) {
    std::error_code link_in_circle;
    if (entry.is_regular_file(link_in_circle) && entry.path().filename() == kFileName) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) {
    throw UserError("{}: no {} in it; name a folder that `samsr eval --out` wrote", folder.string(), kFileName);
  }
  return files;
}

std::optional<std::size_t> index_of(const std::vector<MetricInfo>& metrics, const std::string& name) {
  const auto found = std::find_if(metrics.begin(), metrics.end(), [&](const MetricInfo& m) { return m.name == name; });
  return found == metrics.end() ? std::nullopt : std::optional<std::size_t>(found - metrics.begin());
}

/// Whether `again`, measured by `metrics`, is what `method` of a merged set already holds: the same images, with the
/// same figures wherever both have one, and at least one that both have.
bool is_the_same(const MethodScores& method, const MethodScores& again, const std::vector<std::size_t>& columns) {
  if (method.images.size() != again.images.size()) {
    return false;
  }
  bool shared = false;
  for (std::size_t i = 0; i < method.images.size(); ++i) {
    if (method.images[i].image != again.images[i].image) {
      return false;
    }
    for (std::size_t m = 0; m < columns.size(); ++m) {
      const double here = method.images[i].values[columns[m]];
      const double there = again.images[i].values[m];
      const bool both = !std::isnan(here) && !std::isnan(there);
      if (both && here != there) {
        return false;
      }
      shared = shared || both;
    }
  }
  for (const auto& [m, figure] : again.of_set) {
    const auto known = method.of_set.find(columns[m]);
    if (known == method.of_set.end() || std::isnan(known->second.value) || std::isnan(figure.value)) {
      continue;
    }
    if (known->second.value != figure.value) {
      return false;
    }
    shared = true;
  }
  return shared;
}

/// Takes over the figures of `from` that `into` lacks.
void fill_in(MethodScores& into, const MethodScores& from, const std::vector<std::size_t>& columns) {
  for (std::size_t i = 0; i < into.images.size(); ++i) {
    for (std::size_t m = 0; m < columns.size(); ++m) {
      double& value = into.images[i].values[columns[m]];
      value = std::isnan(value) ? from.images[i].values[m] : value;
    }
  }
  for (const auto& [m, figure] : from.of_set) {
    SetFigure& known = into.of_set[columns[m]];
    known = std::isnan(known.value) ? figure : known;
  }
}

/// One benchmark as it grows, with the file that each part came from.
struct GrowingSet {
  Results results;
  std::map<std::string, fs::path> metric_files;
  std::map<std::string, fs::path> method_files;
};

void add_metrics(GrowingSet& set, const ResultsFile& file) {
  for (const MetricInfo& metric : file.results.metrics) {
    if (const auto known = index_of(set.results.metrics, metric.name)) {
      const std::string& protocol = set.results.metrics[*known].protocol;
      if (protocol != metric.protocol) {
        throw UserError(
            "{} on {} was measured by two protocols, '{}' in {} and '{}' in {}; a table holds one: measure again",
            metric.name, set.results.title, protocol, set.metric_files.at(metric.name).string(), metric.protocol,
            file.file.string());
      }
      continue;
    }
    set.results.metrics.push_back(metric);
    set.metric_files[metric.name] = file.file;
    for (MethodScores& method : set.results.methods) {
      for (ImageScores& image : method.images) {
        image.values.push_back(std::numeric_limits<double>::quiet_NaN());
      }
    }
  }
}

/// UserError when `method` has less than half of its images in common with what the set holds: two sets of one name.
/// A few that one of them lacks are what --keep-going leaves.
void check_same_images(const GrowingSet& set, const MethodScores& method, const fs::path& file) {
  if (set.results.methods.empty()) {
    return;
  }
  const MethodScores& known = set.results.methods.front();
  std::set<std::string> names;
  for (const ImageScores& image : known.images) {
    names.insert(image.image);
  }
  const auto shared =
      static_cast<std::size_t>(std::count_if(method.images.begin(), method.images.end(),
                                             [&](const ImageScores& image) { return names.contains(image.image); }));
  if (2 * shared < std::max(names.size(), method.images.size())) {
    throw UserError(
        "{} is of other images in {} than in {} ({} of {} in common); give one set another name with --benchmark "
        "NAME=DIR",
        set.results.title, file.string(), set.method_files.at(known.name).string(), shared, method.images.size());
  }
}

void add_methods(GrowingSet& set, const ResultsFile& file) {
  std::vector<std::size_t> columns;
  for (const MetricInfo& metric : file.results.metrics) {
    columns.push_back(*index_of(set.results.metrics, metric.name));
  }
  for (const MethodScores& method : file.results.methods) {
    check_same_images(set, method, file.file);
    auto merged = std::find_if(set.results.methods.begin(), set.results.methods.end(),
                               [&](const MethodScores& other) { return other.name == method.name; });
    if (merged == set.results.methods.end()) {
      merged = set.results.methods.insert(merged, method);
      merged->of_set.clear();
      for (ImageScores& image : merged->images) {
        image.values.assign(set.results.metrics.size(), std::numeric_limits<double>::quiet_NaN());
      }
      set.method_files[method.name] = file.file;
    } else if (!is_the_same(*merged, method, columns)) {
      throw UserError(
          "'{}' was measured on {} twice, in {} and in {}; give one another name with --pred or --model NAME=…",
          method.name, set.results.title, set.method_files.at(method.name).string(), file.file.string());
    }
    fill_in(*merged, method, columns);
  }
}

}  // namespace

std::vector<ResultsFile> collect_results(const std::vector<std::string>& arguments) {
  std::vector<ResultsFile> found;
  std::set<fs::path> seen;
  for (const std::string& argument : arguments) {
    if (!fs::exists(argument)) {
      throw UserError("{}: no such file or folder", argument);
    }
    const std::vector<fs::path> files =
        fs::is_directory(argument) ? files_below(argument) : std::vector<fs::path>{argument};
    for (const fs::path& file : files) {
      if (seen.insert(fs::canonical(file)).second) {
        found.push_back({file, read_results(file)});
      }
    }
  }
  return found;
}

std::vector<Results> merge_results(const std::vector<ResultsFile>& files) {
  std::vector<GrowingSet> sets;
  for (const ResultsFile& file : files) {
    const fs::path folder = fs::absolute(file.file).lexically_normal().parent_path();
    // Plain folders have no name by which the sets of two runs could be known to be the same.
    const std::string key = file.results.benchmark.empty() ? folder.string() : file.results.benchmark;
    auto set =
        std::find_if(sets.begin(), sets.end(), [&](const GrowingSet& other) { return other.results.benchmark == key; });
    if (set == sets.end()) {
      set = sets.insert(sets.end(), GrowingSet());
      set->results.benchmark = key;
      set->results.title = file.results.benchmark.empty() ? folder.filename().string() : file.results.title;
      set->results.reference = file.results.reference;
    }
    add_metrics(*set, file);
    add_methods(*set, file);
  }
  std::vector<Results> merged;
  for (GrowingSet& set : sets) {
    merged.push_back(std::move(set.results));
  }
  return merged;
}

}  // namespace samsr
