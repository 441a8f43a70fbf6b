#include "eval/measure/evaluation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <memory>
#include <opencv2/imgproc.hpp>
#include <set>

#include "comm/shared_files.h"
#include "core/error.h"
#include "core/output.h"
#include "core/own_file.h"
#include "data/images/image_file.h"
#include "data/images/picture_failure.h"
#include "eval/measure/picture_rows.h"
#include "eval/metrics/choose_metrics.h"
#include "eval/metrics/fid/set_statistics.h"
#include "eval/upscale/ready_model.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kReportPictures = 8;
constexpr std::int64_t kReportPiece = 192;

std::vector<std::string_view> usual_without_reference() {
  std::vector<std::string_view> names;
  for (const MetricDescription* metric : usual_metrics()) {
    if (!metric->needs_reference) {
      names.push_back(metric->name);
    }
  }
  return names;
}

/// Names of the metrics of `set` without those that need references that it lacks. UserError when all that are named
/// are of that kind.
std::vector<std::string> metric_names_of(const Benchmark& set, const EvalSettings& settings, Log& log) {
  const std::string& named = settings.metrics;
  const std::string& asked = !named.empty() ? named : set.metrics;
  std::vector<std::string> names;
  std::vector<std::string> impossible;
  for (const MetricDescription* metric : asked.empty() ? usual_metrics() : metrics_named(asked)) {
    const bool has_reference = !set.gt.empty() || (metric->whole_set && !settings.fid_reference.empty());
    (metric->needs_reference && !has_reference ? impossible : names).emplace_back(metric->name);
  }
  if (names.empty()) {
    throw UserError("{} {} with a reference: name its folder with --ref, or ask for metrics without reference ({})",
                    fmt::join(impossible, ", "), impossible.size() == 1 ? "compares" : "compare",
                    fmt::join(usual_without_reference(), ", "));
  }
  if (!impossible.empty() && !named.empty()) {
    log.info("{}: no {}, for want of references", set.title, fmt::join(impossible, ", "));
  }
  return names;
}

/// The metrics of all sets, each made once, because networks are heavy.
class MetricPool {
 public:
  MetricPool(const EvaluationRequest& request, c10::Device device, Log& log, InputProblems& problems) {
    std::vector<std::string> wanted;
    for (const Benchmark& set : request.sets) {
      names_.push_back(metric_names_of(set, request.settings, log));
      wanted.insert(wanted.end(), names_.back().begin(), names_.back().end());
    }
    if (!request.settings.metrics.empty()) {
      for (const MetricDescription* metric : metrics_named(request.settings.metrics)) {
        if (std::find(wanted.begin(), wanted.end(), metric->name) == wanted.end()) {
          problems.leave_out(fmt::format("{} (for want of references)", metric->name));
        }
      }
    }
    const OfficialFiles files(request.files);
    ChosenMetrics chosen =
        choose_metrics(fmt::format("{}", fmt::join(wanted, ",")), {request.settings.crop_border, device, &files});
    for (const std::string& line : chosen.left_out) {
      log.warning("{}", line);
      if (!request.settings.metrics.empty()) {
        problems.leave_out(line.substr(0, line.find(' ')));
      }
    }
    metrics_ = std::move(chosen.metrics);
  }

  /// Those of set number `set`, as far as their weights are here, in the order of the names.
  std::vector<const Metric*> of(std::size_t set) const {
    std::vector<const Metric*> found;
    for (const std::string& name : names_[set]) {
      const auto metric =
          std::find_if(metrics_.begin(), metrics_.end(), [&](const auto& each) { return each->name() == name; });
      if (metric != metrics_.end()) {
        found.push_back(metric->get());
      }
    }
    return found;
  }

 private:
  std::vector<std::vector<std::string>> names_;  // by set
  std::vector<std::unique_ptr<Metric>> metrics_;
};

/// The folders of results for `set`; of `several` sets, those of each lie in the folder of its name.
Comparison compare_results(const std::vector<NamedPath>& results, const Benchmark& set, bool several,
                           InputProblems& problems) {
  EvalRequest request{{}, set.gt, set.lq};
  for (const NamedPath& each : results) {
    request.methods.push_back({each.name, several ? each.path / set.name : each.path});
  }
  return plan_comparison(request, set.scale, problems);
}

/// The folder of the results of each set: that of its name where there are several.
std::vector<fs::path> folders_of_sets(const EvaluationRequest& request) {
  std::vector<fs::path> folders;
  for (const Benchmark& set : request.sets) {
    folders.push_back(request.sets.size() > 1 ? request.out / set.name : request.out);
  }
  return folders;
}

/// Where features of sets are kept.
fs::path features_folder(const EvaluationRequest& request) {
  return request.settings.fid_features.empty() ? request.out / "features" : fs::path(request.settings.fid_features);
}

/// UserError when tables or pictures would be written among pictures: the next evaluation would find them there.
void check_out(const EvaluationRequest& request, std::vector<fs::path> written) {
  written.push_back(request.out);
  written.push_back(features_folder(request));
  for (const fs::path& folder : written) {
    const bool named = !request.settings.fid_features.empty() && folder == request.settings.fid_features;
    const std::string what = named ? "eval.fid_features " + folder.string()
                                   : fmt::format("--out {}: {}", request.out.string(), folder.string());
    for (const Benchmark& set : request.sets) {
      check_outside(set.folder, folder, what);
      check_outside(set.gt, folder, what);
      check_outside(set.lq, folder, what);
    }
    for (const NamedPath& each : request.results) {
      check_outside(each.path, folder, what);
    }
  }
}

/// Whether an earlier evaluation has written to `out`, of one set or of several.
bool holds_evaluation(const fs::path& out) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(out, ignored)) {
    if (entry.is_directory(ignored) && holds_results(entry.path())) {
      return true;
    }
  }
  return holds_results(out);
}

/// UserError when tables or the report would take the place of files that no evaluation wrote.
void check_replaced(const EvaluationRequest& request, const std::vector<fs::path>& folders) {
  const auto check = [](const fs::path& folder, bool ours, std::initializer_list<const char*> names) {
    for (const char* name : names) {
      std::error_code ignored;
      if (!ours && fs::exists(folder / name, ignored)) {
        throw foreign_file_error(folder / name);
      }
    }
  };
  for (const fs::path& folder : folders) {
    check(folder, holds_results(folder), {"results.json"});
    check(folder, holds_evaluation(folder), {"results.csv", "results.md"});
  }
  check(request.out, holds_evaluation(request.out), {"results.md", "report.html"});
}

/// UserError when models have nothing to upscale, or one of their names is taken, by another row of the table too, or
/// cannot be that of a folder.
void check_models(const EvaluationRequest& request) {
  std::set<std::string> names{kBicubicRow};
  for (const NamedPath& each : request.results) {
    names.insert(each.name);
  }
  for (const EvaluatedModel& model : request.models) {
    for (const Benchmark& set : request.sets) {
      if (set.lq.empty()) {
        throw UserError("--model {}: a model needs low-resolution images: name their folder with --lq",
                        model.argument.path);
      }
    }
    check_folder_name(model.name, "--model " + model.argument.path);
    if (!names.insert(model.name).second) {
      throw UserError("two methods are called '{}': give one another name with --model NAME=PATH", model.name);
    }
  }
}

/// UserError when the statistics for eval.fid_reference cannot serve, or the names of methods are not fit for those
/// that are written, before anything long begins.
void check_statistics(const EvaluationRequest& request) {
  if (!request.settings.fid_reference.empty()) {
    const std::string& named = request.settings.metrics;
    const std::string of_sets = whole_set_names(named.empty() ? usual_metrics() : metrics_named(named));
    if (of_sets.empty() || of_sets.find(',') != std::string::npos) {
      throw UserError("eval.fid_reference {} is of one preprocessing: ask for one of fid and fid_pytorch{}",
                      request.settings.fid_reference, of_sets.empty() ? " with --metrics" : ", not both");
    }
    read_statistics(request.settings.fid_reference);
  }
  if (request.settings.fid_statistics) {
    for (const NamedPath& each : request.results) {
      check_folder_name(each.name, fmt::format("--pred {}={}", each.name, each.path.string()));
    }
  }
}

/// Notes the metrics asked for by name that no image of a method has a value of.
void note_missing_values(const Results& results, const std::string& title, InputProblems& problems) {
  for (const MethodScores& method : results.methods) {
    for (std::size_t m = 0; m < results.metrics.size(); ++m) {
      if (method.counted(m) == 0) {
        problems.leave_out(fmt::format("{} of {} on {}", results.metrics[m].name, method.name, title));
      }
    }
  }
}

/// Rows for the report; a picture that fails has none, and a line says why.
std::vector<PictureRow> report_rows(const Comparison& comparison, Log& log) {
  std::vector<PictureRow> rows;
  for (const std::string& name : spread_names(comparison, kReportPictures)) {
    try {
      for (PictureRow& row : picture_rows(comparison, {name}, kReportPiece)) {
        rows.push_back(std::move(row));
      }
    } catch (...) {
      log.warning("{} is not in the report: {}", name, describe_failure(name, std::current_exception()));
    }
  }
  return rows;
}

/// What the request names to be read.
std::vector<fs::path> inputs_of(const EvaluationRequest& request) {
  std::vector<fs::path> inputs;
  for (const Benchmark& set : request.sets) {
    inputs.insert(inputs.end(), {set.lq, set.gt});
  }
  for (const EvaluatedModel& model : request.models) {
    inputs.emplace_back(model.argument.path);
  }
  for (const NamedPath& results : request.results) {
    inputs.emplace_back(results.path);
  }
  return inputs;
}

/// Seconds from 64x64 to the enlarged picture, as publications state them: the median of three runs of rank 0 after
/// one that does not count. What is enlarged is `picture`, shrunk.
double seconds_of_upscaling(const PictureUpscaler& upscaler, const fs::path& picture, Communicator& communicator) {
  constexpr int kRuns = 3;
  std::vector<double> seconds(kRuns, 0.0);
  if (communicator.rank() == 0) {
    cv::Mat small;
    cv::resize(read_image(picture).rgb, small, cv::Size(64, 64), 0, 0, cv::INTER_AREA);
    upscaler.upscale(small);
    for (double& each : seconds) {
      const auto start = std::chrono::steady_clock::now();
      upscaler.upscale(small);
      each = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }
    std::sort(seconds.begin(), seconds.end());
  }
  return communicator.max(seconds[kRuns / 2]);
}

/// Lets `model` upscale the low-resolution images of every set; one method a set. A picture that fails is a problem.
std::vector<EvalMethod> upscale_sets(const EvaluatedModel& model, const std::vector<Benchmark>& sets,
                                     const std::vector<fs::path>& folders, c10::Device device,
                                     Communicator& communicator, Log& log, InputProblems& problems) {
  const auto ready = ready_model(model.argument, device, log);
  check_scale(*ready, model, sets);
  const double seconds = seconds_of_upscaling(ready->upscaler(), list_images(sets.front().lq).front(), communicator);
  std::vector<EvalMethod> made;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    made.push_back(
        make_pictures(*ready, model, sets[s].lq, folders[s] / "pictures" / model.name, communicator, log, problems));
    made.back().seconds_per_image = seconds;
  }
  return made;
}

}  // namespace

void EvalSettings::bind(Settings& settings) {
  settings.add("eval.metrics", metrics,
               "comma-separated metrics (docs/metrics.md); empty: all that can be computed, or those of the benchmark");
  settings.add("eval.crop_border", crop_border, "pixels left out on each side before measuring").between(0, 1024);
  settings.add("eval.scale", scale, "factor of the bicubic row, from the low-resolution images to the results")
      .between(1, 16);
  settings.add("eval.benchmarks", benchmarks, "folder of the benchmarks; empty: $SAMSR_BENCHMARKS, else testdata")
      .path();
  settings
      .add("eval.benchmarks_file", benchmarks_file,
           "YAML file of benchmarks instead of the shipped one (configs/benchmarks.yaml)")
      .path();
  settings
      .add(
          "eval.fid_reference", fid_reference,
          "statistics (.npz with mu and sigma) that fid compares with instead of the references; empty: the references")
      .path();
  settings.add("eval.fid_statistics", fid_statistics,
               "write mu and sigma of the references and of every method to OUT/statistics as .npz");
  settings
      .add("eval.fid_features", fid_features, "folder where features of sets are kept for later; empty: OUT/features")
      .path();
}

std::vector<EvaluatedSet> evaluate_sets(const EvaluationRequest& request, c10::Device device,
                                        Communicator& communicator, Log& log, InputProblems& problems) {
  const bool several = request.sets.size() > 1;
  const std::vector<fs::path> folders = folders_of_sets(request);
  await_shared_files(inputs_of(request), communicator, log);
  check_out(request, folders);
  check_writable(request.out, fmt::format("--out {}", request.out.string()));
  check_replaced(request, folders);
  const MetricPool metrics(request, device, log, problems);
  check_models(request);
  check_statistics(request);
  // Whatever can be found wrong with the folders is said before anything long begins.
  std::vector<Comparison> comparisons;
  for (std::size_t s = 0; s < request.sets.size(); ++s) {
    const Benchmark& set = request.sets[s];
    check_presence(set);
    comparisons.push_back(compare_results(request.results, set, several, problems));
    Comparison& comparison = comparisons.back();
    comparison.images = request.settings.images;
    comparison.features = features_folder(request);
    comparison.statistics = request.settings.fid_statistics ? folders[s] / "statistics" : fs::path();
    comparison.reference_statistics = request.settings.fid_reference;
    check_completeness(set, comparison.lq, problems);
    if (log.speaks()) {
      if (const std::string changed = changed_files(set, comparison.lq); !changed.empty()) {
        log.warning("{}", changed);
      }
    }
  }
  if (!request.models.empty() && !problems.keep_going()) {
    // Without a metric: pictures are read and their sizes compared, before models enlarge them for hours.
    for (std::size_t s = 0; s < comparisons.size(); ++s) {
      evaluate(comparisons[s], {}, request.sets[s].size, communicator, log, problems);
    }
  }
  for (std::size_t i = 1; i < request.models.size(); ++i) {  // the first is loaded next
    try_model(request.models[i], request.sets);
  }
  for (const EvaluatedModel& model : request.models) {
    const std::vector<EvalMethod> made =
        upscale_sets(model, request.sets, folders, device, communicator, log, problems);
    for (std::size_t s = 0; s < made.size(); ++s) {
      add_method(comparisons[s], made[s], problems);
    }
  }
  std::vector<EvaluatedSet> evaluated;
  for (std::size_t s = 0; s < request.sets.size(); ++s) {
    const Benchmark& set = request.sets[s];
    if (metrics.of(s).empty()) {
      problems.leave_out(set.title + " (the weights of all its metrics are missing)");
      continue;
    }
    EvaluatedSet& each = evaluated.emplace_back();
    each.results = evaluate(comparisons[s], metrics.of(s), set.size, communicator, log, problems);
    each.results.benchmark = set.name;
    each.results.title = set.title;
    if (!request.settings.metrics.empty()) {
      note_missing_values(each.results, set.title, problems);
    }
    if (communicator.rank() == 0) {
      write_results(each.results, folders[s]);
      each.rows = report_rows(comparisons[s], log);
    }
  }
  return evaluated;
}

}  // namespace samsr
