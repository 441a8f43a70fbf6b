#include "eval/measure/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json_entry.h"
#include "core/own_file.h"
#include "eval/markup/markup.h"

namespace samsr {
namespace {

constexpr const char* kFormat = "samsr-results/1";

nlohmann::ordered_json number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
}

/// NaN for null and for a key that older files lack.
double number_of(const JsonEntry& entry, const std::string& key) {
  return entry.number(key, std::numeric_limits<double>::quiet_NaN());
}

Colour colour_of(const JsonEntry& entry) {
  const std::vector<JsonEntry> levels = entry.elements();
  if (levels.size() != Colour().size()) {
    entry.fail(fmt::format("expected {} numbers, found {}", Colour().size(), levels.size()));
  }
  return {levels[0].as_number(), levels[1].as_number(), levels[2].as_number()};
}

std::map<std::size_t, SetFigure> set_figures_of(const JsonEntry& method, const std::vector<MetricInfo>& metrics) {
  std::map<std::size_t, SetFigure> figures;
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    if (!metrics[m].whole_set) {
      continue;
    }
    const std::string& name = metrics[m].name;
    SetFigure& figure = figures[m];
    figure.value = number_of(method.object("mean"), name);
    figure.counted = static_cast<std::int64_t>(method.object("counted").count(name));
    if (const JsonEntry intervals = method.object("interval"); intervals.has(name)) {
      const std::vector<JsonEntry> ends = intervals.list(name);
      if (ends.size() != 2) {
        intervals.fail(fmt::format("expected 2 numbers of {}, found {}", name, ends.size()));
      }
      figure.interval = Interval{ends[0].as_number(), ends[1].as_number()};
    }
  }
  return figures;
}

Results results_of(const JsonEntry& root) {
  if (const std::string format = root.text("format", "none"); format != kFormat) {
    root.fail(fmt::format("its format is {}, expected {}", format, kFormat));
  }
  Results results;
  results.reference = root.has("reference") ? root.exact_text("reference") : "";
  results.benchmark = root.text("benchmark", "");
  results.title = root.text("title", "");
  for (const JsonEntry& metric : root.list("metrics")) {
    results.metrics.push_back({metric.text("name"), metric.text("protocol"), metric.flag("higher_is_better"),
                               static_cast<int>(metric.count("decimals")),
                               metric.has("whole_set") && metric.flag("whole_set")});
  }
  for (const JsonEntry& entry : root.list("methods")) {
    MethodScores& method = results.methods.emplace_back();
    method.name = entry.exact_text("name");
    method.source = entry.exact_text("source");
    method.seconds_per_image = number_of(entry, "seconds_per_image");
    method.parameters = number_of(entry, "parameters");
    method.of_set = set_figures_of(entry, results.metrics);
    for (const JsonEntry& scores : entry.list("per_image")) {
      ImageScores& image = method.images.emplace_back();
      image.image = scores.exact_text("image");
      for (const MetricInfo& metric : results.metrics) {
        image.values.push_back(number_of(scores, metric.name));
      }
      for (const auto& [key, value] : scores.items()) {
        if (key == "colour_shift") {
          image.colour_shift = colour_of(value);
        }
      }
    }
  }
  return results;
}

std::string arrow(const MetricInfo& metric) { return metric.higher_is_better ? "↑" : "↓"; }

}  // namespace

MetricInfo describe(const Metric& metric) {
  return {metric.name(), metric.protocol(), metric.higher_is_better(), metric.decimals(), metric.whole_set()};
}

std::int64_t MethodScores::counted(std::size_t metric) const {
  if (const auto whole = of_set.find(metric); whole != of_set.end()) {
    return whole->second.counted;
  }
  return std::count_if(images.begin(), images.end(),
                       [&](const ImageScores& image) { return !std::isnan(image.values.at(metric)); });
}

double MethodScores::mean(std::size_t metric) const {
  if (const auto whole = of_set.find(metric); whole != of_set.end()) {
    return whole->second.value;
  }
  double sum = 0;
  for (const ImageScores& image : images) {
    sum += std::isnan(image.values.at(metric)) ? 0 : image.values[metric];
  }
  const std::int64_t count = counted(metric);
  return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

std::optional<Interval> MethodScores::interval(std::size_t metric) const {
  if (const auto whole = of_set.find(metric); whole != of_set.end()) {
    return whole->second.interval;
  }
  std::vector<double> values;
  for (const ImageScores& image : images) {
    values.push_back(image.values.at(metric));
  }
  return bootstrap_interval(values);
}

std::optional<Colour> MethodScores::colour_shift() const {
  Colour sum{};
  double count = 0;
  for (const ImageScores& image : images) {
    for (std::size_t c = 0; image.colour_shift && c < sum.size(); ++c) {
      sum[c] += (*image.colour_shift)[c];
    }
    count += image.colour_shift ? 1 : 0;
  }
  if (count == 0) {
    return std::nullopt;
  }
  return Colour{sum[0] / count, sum[1] / count, sum[2] / count};
}

std::vector<Rank> Results::ranks(std::size_t metric) const {
  std::vector<double> means;
  for (const MethodScores& method : methods) {
    means.push_back(method.mean(metric));
  }
  return ranks_of(means, metrics.at(metric).higher_is_better, metrics[metric].decimals);
}

std::string display_name(const MetricInfo& metric) {
  std::string name = metric.name;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::toupper(c)); });
  return name;
}

std::string display_value(const MetricInfo& metric, double value) {
  return std::isnan(value) ? "-" : fmt::format("{:.{}f}", value, metric.decimals);
}

std::string display_interval(const Interval& interval, int decimals) {
  return fmt::format("[{:.{}f}, {:.{}f}]", interval.low, decimals, interval.high, decimals);
}

std::string markdown_table(const Results& results) {
  std::string text = "| method | images |";
  std::string rule = "| --- | ---: |";
  for (const MetricInfo& metric : results.metrics) {
    text += fmt::format(" {} {} |", display_name(metric), arrow(metric));
    rule += " ---: |";
  }
  text += "\n" + rule + "\n";
  std::vector<std::vector<Rank>> ranks;
  for (std::size_t m = 0; m < results.metrics.size(); ++m) {
    ranks.push_back(results.ranks(m));
  }
  for (std::size_t row = 0; row < results.methods.size(); ++row) {
    const MethodScores& method = results.methods[row];
    text += fmt::format("| {} | {} |", markdown_cell(method.name), method.images.size());
    for (std::size_t m = 0; m < results.metrics.size(); ++m) {
      const std::string value = display_value(results.metrics[m], method.mean(m));
      const auto interval = method.interval(m);
      text += fmt::format(" {}{}{} |", markdown_marked(value, ranks[m][row]), interval ? " " : "",
                          interval ? display_interval(*interval, results.metrics[m].decimals) : "");
    }
    text += "\n";
  }
  text += "\n- in brackets: 95 % bootstrap interval of the mean over images\n";
  for (std::size_t m = 0; m < results.metrics.size(); ++m) {
    text += fmt::format("- {}: {}", display_name(results.metrics[m]), results.metrics[m].protocol);
    for (const MethodScores& method : results.methods) {
      if (method.counted(m) != static_cast<std::int64_t>(method.images.size())) {
        text += fmt::format("; {}: {} {} of {} images", shown_text(method.name), results.metrics[m].over(),
                            method.counted(m), method.images.size());
      }
    }
    text += "\n";
  }
  if (!results.reference.empty()) {
    text += fmt::format("- reference: {}\n", shown_text(results.reference));
  }
  for (const MethodScores& method : results.methods) {
    text += fmt::format("- {}: {}\n", shown_text(method.name), shown_text(method.source));
  }
  return text;
}

std::string csv_table(const Results& results) {
  std::string text = "method,image";
  for (const MetricInfo& metric : results.metrics) {
    text += metric.whole_set ? "" : "," + metric.name;
  }
  text += "\n";
  for (const MethodScores& method : results.methods) {
    for (const ImageScores& image : method.images) {
      text += csv_field(method.name) + "," + csv_field(image.image);
      for (std::size_t m = 0; m < results.metrics.size(); ++m) {
        if (!results.metrics[m].whole_set) {
          text += std::isnan(image.values[m]) ? std::string(",") : fmt::format(",{}", image.values[m]);
        }
      }
      text += "\n";
    }
  }
  return text;
}

std::string json_results(const Results& results) {
  nlohmann::ordered_json root;
  root["format"] = kFormat;
  if (!results.benchmark.empty()) {
    root["benchmark"] = results.benchmark;
    root["title"] = results.title;
  }
  root["reference"] = nullptr;
  if (!results.reference.empty()) {
    put_exact_text(root, "reference", results.reference);
  }
  for (const MetricInfo& metric : results.metrics) {
    root["metrics"].push_back({{"name", metric.name},
                               {"protocol", metric.protocol},
                               {"higher_is_better", metric.higher_is_better},
                               {"decimals", metric.decimals}});
    if (metric.whole_set) {
      root["metrics"].back()["whole_set"] = true;
    }
  }
  for (const MethodScores& method : results.methods) {
    nlohmann::ordered_json entry;
    put_exact_text(entry, "name", method.name);
    put_exact_text(entry, "source", method.source);
    entry["images"] = method.images.size();
    entry["seconds_per_image"] = number(method.seconds_per_image);
    entry["parameters"] = number(method.parameters);
    for (std::size_t m = 0; m < results.metrics.size(); ++m) {
      entry["mean"][results.metrics[m].name] = number(method.mean(m));
      entry["counted"][results.metrics[m].name] = method.counted(m);
      const auto interval = method.interval(m);
      entry["interval"][results.metrics[m].name] =
          interval ? nlohmann::ordered_json{interval->low, interval->high} : nlohmann::ordered_json();
    }
    for (const ImageScores& image : method.images) {
      nlohmann::ordered_json scores;
      put_exact_text(scores, "image", image.image);
      for (std::size_t m = 0; m < results.metrics.size(); ++m) {
        if (!results.metrics[m].whole_set) {
          scores[results.metrics[m].name] = number(image.values[m]);
        }
      }
      if (image.colour_shift) {
        scores["colour_shift"] = *image.colour_shift;
      }
      entry["per_image"].push_back(scores);
    }
    root["methods"].push_back(entry);
  }
  return json_text(root, 2) + "\n";
}

bool holds_results(const std::filesystem::path& folder) { return is_own_file(folder / "results.json", kResultsFormat); }

void write_results(const Results& results, const std::filesystem::path& folder) {
  make_folder(folder);
  write_file_atomically(folder / "results.json", json_results(results));
  write_file_atomically(folder / "results.csv", csv_table(results));
  write_file_atomically(folder / "results.md", markdown_table(results));
}

Results read_results(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  try {
    return results_of(JsonEntry::parse(text, file.string()));
  } catch (const UserError& error) {
    throw UserError("{}; it is not a results file of samsr", error.what());
  }
}

}  // namespace samsr
