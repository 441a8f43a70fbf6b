#include <iostream>
#include <memory>
#include <set>

#include "comm/device.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/named_path.h"
#include "eval/tables/print.h"
#include "eval/tables/table.h"
#include "launch/config_arguments.h"
#include "launch/evaluation.h"
#include "launch/model_argument.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

struct EvalArguments {
  ConfigArguments config;
  std::vector<std::string> benchmarks;
  std::vector<std::string> models;
  std::vector<std::string> results;
  std::string reference;
  std::string lq;
  std::string metrics;
  std::string out;
  std::string title = "Super-resolution results";
  std::vector<std::string> logs;
  bool keep_going = false;
};

std::vector<LossCurve> curves_of(const std::vector<std::string>& logs) {
  std::vector<LossCurve> curves;
  for (const std::string& argument : logs) {
    const NamedPath log = NamedPath::parse(argument);
    for (LossCurve& curve : read_loss_curves(log.path, log.name)) {
      curves.push_back(std::move(curve));
    }
  }
  return curves;
}

/// The model of "PATH" or "NAME=PATH". Of "runs/student/" the name is "student", of "SamSR_v1.pth" "SamSR_v1".
EvaluatedModel model_of(const std::string& argument, const ConfigArguments& config) {
  const NamedPath named = NamedPath::parse(argument);
  EvaluatedModel model;
  model.name = named.name;
  model.path = named.path.string();
  for (const char* extension : {".pth", ".pt", ".safetensors"}) {
    if (argument.find('=') == std::string::npos && model.name.ends_with(extension)) {
      model.name.resize(model.name.size() - std::string_view(extension).size());
    }
  }
  Settings settings;
  config.load(model.config, settings, shipped_config_of(model.path));
  return model;
}

/// The benchmarks asked for, or the one set that --ref and --lq name.
std::vector<Benchmark> sets_of(const EvalArguments& arguments, const EvalSettings& settings) {
  if (arguments.benchmarks.empty()) {
    Benchmark plain;
    plain.title = "Results";
    plain.gt = arguments.reference;
    plain.lq = arguments.lq;
    plain.scale = settings.scale;
    return {plain};
  }
  if (!arguments.reference.empty() || !arguments.lq.empty()) {
    throw UserError("--benchmark names references and low-resolution images by itself: leave out --ref and --lq");
  }
  const BenchmarkCatalogue catalogue = load_benchmarks(settings.benchmarks_file, settings.benchmarks);
  std::vector<Benchmark> sets;
  std::set<std::string> names;
  for (const std::string& argument : arguments.benchmarks) {
    sets.push_back(catalogue.find(argument, settings.scale));
    if (!names.insert(sets.back().name).second) {
      throw UserError("two benchmarks are called '{}': give one another name with --benchmark NAME=DIR",
                      sets.back().name);
    }
  }
  return sets;
}

EvaluationRequest request_of(const EvalArguments& arguments, const EvalSettings& settings) {
  EvaluationRequest request;
  request.sets = sets_of(arguments, settings);
  request.out = arguments.out;
  for (const std::string& model : arguments.models) {
    request.models.push_back(model_of(model, arguments.config));
  }
  for (const std::string& results : arguments.results) {
    request.results.push_back(NamedPath::parse(results));
  }
  return request;
}

void write_evaluation_report(const std::vector<EvaluatedSet>& sets, const EvalArguments& arguments,
                             const std::string& command, const Settings& settings) {
  ReportInput report;
  report.title = arguments.title;
  for (const EvaluatedSet& set : sets) {
    report.tables.push_back({set.results.title, set.results, set.rows});
    report.summary += fmt::format("{}{}: {} images", report.summary.empty() ? "" : "; ", set.results.title,
                                  set.results.methods.empty() ? 0 : set.results.methods.front().images.size());
  }
  report.summary += ".";
  report.curves = curves_of(arguments.logs);
  report.notes = {{"Command", command}, {"Settings", settings.to_yaml()}};
  write_report(report, fs::path(arguments.out) / "report.html");
}

/// The table of all sets; when several were asked for, it is written to OUT/results.md, beside the folders of each.
std::string table_of(const std::vector<EvaluatedSet>& sets, bool several, const fs::path& out) {
  if (!several) {
    return markdown_table(sets.front().results);
  }
  Measurements measurements;
  for (const EvaluatedSet& set : sets) {
    measurements.results.push_back(set.results);
  }
  const std::string table = tables_markdown({fill_table(layout_of_everything(measurements), measurements)});
  write_file_atomically(out / "results.md", table);
  return table;
}

void evaluate_and_report(const EvalArguments& arguments, VerbContext& context) {
  Config config;
  Settings settings;
  arguments.config.load(config, settings);
  if (!arguments.metrics.empty()) {
    settings.apply_override("eval.metrics=" + arguments.metrics);
  }
  set_threads(config.train.threads, context.communicator);
  InputProblems problems = arguments.keep_going ? InputProblems(context.log) : InputProblems();
  const std::vector<EvaluatedSet> sets =
      evaluate_sets(request_of(arguments, config.eval), config, context.communicator, context.log, problems);
  if (context.communicator.rank() == 0) {
    const bool several = arguments.benchmarks.size() > 1;
    write_evaluation_report(sets, arguments, context.command, settings);
    std::cout << table_of(sets, several, arguments.out);
    context.log.info("{} are in {}",
                     several ? "results.md, report.html, and a folder of results for each set"
                             : "results.json, results.csv, results.md and report.html",
                     arguments.out);
  }
  if (problems.count() > 0) {
    throw UserError("{} problem{} above; what could be computed is in {}", problems.count(),
                    problems.count() == 1 ? "" : "s", arguments.out);
  }
}

}  // namespace

void add_eval_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("eval", "measures folders of results and writes tables and a report");
  auto arguments = std::make_shared<EvalArguments>();
  verb->add_option("--benchmark", arguments->benchmarks,
                   "set to measure on: realsr, realset65, imagenet_test, NAME=DIR, or DIR; may be repeated")
      ->allow_extra_args(false);
  verb->add_option(
          "--model", arguments->models,
          "model that upscales the low-resolution images, as PATH, NAME=PATH, official name or embedded (samsr's own "
          "student); may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--pred", arguments->results,
                   "results of one method, as DIR or NAME=DIR; may be repeated; with several benchmarks DIR/BENCHMARK")
      ->allow_extra_args(false);
  verb->add_option("--ref", arguments->reference, "references, paired by name; without, only metrics that need none");
  verb->add_option("--lq", arguments->lq, "low-resolution images, paired by name; adds bicubic as a method");
  verb->add_option("--metrics", arguments->metrics, "comma-separated; all that can be computed by default");
  verb->add_option("--out", arguments->out, "folder for results.json, .csv, .md and report.html")->required();
  verb->add_option("--log", arguments->logs, "metrics.jsonl of a run for the report's curves, as FILE or NAME=FILE")
      ->allow_extra_args(false);
  verb->add_option("--title", arguments->title, "title of the report");
  verb->add_flag("--keep-going", arguments->keep_going,
                 "computes what can be computed in spite of missing, wrong or damaged images; the exit code stays 2");
  arguments->config.add_to(*verb);
  verb->callback([&context, arguments] { evaluate_and_report(*arguments, context); });
}

}  // namespace samsr
