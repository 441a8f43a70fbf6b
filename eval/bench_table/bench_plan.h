#pragma once
// What the papers' tables need and what of it is here: sets, metrics, methods, and which method is measured on which
// set.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "eval/measure/evaluation.h"
#include "models/weights/official_files.h"

namespace samsr {

/// A published model with its shipped settings, those of the user on top.
struct ConfiguredModel {
  ModelArgument argument;
  std::string settings;  ///< all of them, as YAML
};

/// What `samsr bench-table` is asked for.
struct BenchTableRequest {
  std::string tables;                ///< ids, comma-separated
  std::filesystem::path benchmarks;  ///< folder of the benchmarks
  std::filesystem::path out;
  EvalSettings settings;
  OfficialFilesSettings files;  ///< folder of the weights
  std::string settings_text;    ///< all settings of the user over the defaults, as YAML
  /// Called for each published model with its catalogue's entry and where it lies.
  std::function<ConfiguredModel(const OfficialFile&, const std::filesystem::path&)> configure;
};

/// A benchmark that is here.
struct BenchSet {
  Benchmark set;                               ///< without what its images are to be: incomplete ones are measured
  ImageSet lq;                                 ///< its images
  std::vector<std::string> metrics;            ///< of the tables, whose weights are here
  std::vector<std::filesystem::path> weights;  ///< of those
};

/// A method whose files are all here.
struct BenchMethod {
  EvaluatedModel model;                        ///< called as its row: "LDM-15"
  std::vector<std::filesystem::path> weights;  ///< all that it needs
  std::string settings;                        ///< as YAML
};

/// One method on one set.
struct BenchUnit {
  std::size_t set = 0;
  std::optional<std::size_t> method = {};  ///< none: bicubic
};

struct BenchPlan {
  std::vector<BenchSet> sets;
  std::vector<BenchMethod> methods;
  std::vector<BenchUnit> units;          ///< set by set, each in the order of the tables' rows, bicubic first
  std::vector<std::string> missing;      ///< one line each: what, for what, where it is published
  std::vector<std::string> quoted_only;  ///< rows of which no file is published, as far as is known

  const std::string& name_of(const BenchUnit& unit) const;
  /// "LDM-15 on RealSR".
  std::string title_of(const BenchUnit& unit) const;
};

/// Looks at the folders; nothing is read but names. UserError as measurable_layouts(), for a set that holds no image or
/// other files too, and where the user's settings are wrong. An incomplete set is noted as missing images.
BenchPlan plan_bench_table(const BenchTableRequest& request);

/// UserError when nothing can be measured, which says what is lacking: methods, sets or metrics.
void check_anything_to_measure(const BenchPlan& plan, const BenchTableRequest& request);

/// The plan as Markdown: a table of methods and sets, the metrics of each set. `complete`: by unit.
std::string describe_plan(const BenchPlan& plan, const std::vector<char>& complete);

/// The list of what is missing, as Markdown.
std::string describe_missing(const BenchPlan& plan);

}  // namespace samsr
