#include <fmt/ranges.h>

#include <iostream>
#include <memory>
#include <optional>

#include "comm/device.h"
#include "comm/hold_folder.h"
#include "comm/rank_threads.h"
#include "core/error.h"
#include "core/named_path.h"
#include "eval/report/evaluation_report.h"
#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace {

struct EvalArguments {
  ConfigArguments config;
  std::vector<std::string> benchmarks;
  std::vector<std::string> models;
  std::vector<std::string> adapters;
  std::optional<std::int64_t> steps;
  std::vector<std::string> results;
  std::string reference;
  std::string lq;
  std::string metrics;
  std::string out;
  std::string title = "Super-resolution results";
  std::vector<std::string> logs;
  bool keep_going = false;
};

/// The model of "PATH" or "NAME=PATH". Of "runs/student/" the name is "student", of "SamSR_v1.pth" "SamSR_v1".
EvaluatedModel model_of(const std::string& argument, const ConfigArguments& arguments) {
  NamedPath named = NamedPath::parse(argument);
  for (const char* extension : {".pth", ".pt", ".safetensors"}) {
    if (!named.name_given && named.name.ends_with(extension)) {
      named.name.resize(named.name.size() - std::string_view(extension).size());
    }
  }
  Config config;
  Settings settings;
  arguments.load(config, settings, shipped_config_of(named.path.string()));
  return {named.name, config.model_argument(named.path.string(), settings)};
}

/// Gives the models the adapters "FILE[:WEIGHT]", of all of them, and "NAME=FILE[:WEIGHT]", of the one of that name.
void add_adapters(const std::vector<std::string>& adapters, std::vector<EvaluatedModel>& models) {
  for (const std::string& argument : adapters) {
    const NamedPath named = NamedPath::parse(argument);
    const LoraArgument lora = LoraArgument::parse(named.path.string());
    std::size_t given = 0;
    for (EvaluatedModel& model : models) {
      if (!named.name_given || model.name == named.name) {
        model.argument.lora.push_back(lora);
        ++given;
      }
    }
    if (given == 0) {
      throw UserError("--lora {}: there is no {}", argument,
                      named.name_given ? "--model that is called " + named.name : std::string("--model"));
    }
  }
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
  return load_benchmarks(settings.benchmarks_file, settings.benchmarks).find_all(arguments.benchmarks, settings.scale);
}

EvaluationRequest request_of(const EvalArguments& arguments, const Config& config) {
  EvaluationRequest request;
  request.sets = sets_of(arguments, config.eval);
  for (const std::string& model : arguments.models) {
    request.models.push_back(model_of(model, arguments.config));
  }
  add_adapters(arguments.adapters, request.models);
  if (arguments.steps) {
    arguments.config.check_alone("--steps", kStepsKeys);
  }
  for (EvaluatedModel& model : request.models) {
    model.argument.steps = arguments.steps;
  }
  request.results = named_paths(arguments.results);
  request.out = arguments.out;
  request.settings = config.eval;
  request.files = config.weights;
  return request;
}

/// The curves of all logs, read before anything long begins. A log without any is left out.
std::vector<LossCurve> curves_of(const std::vector<std::string>& logs, InputProblems& problems) {
  std::vector<LossCurve> curves;
  for (const NamedPath& log : named_paths(logs)) {
    std::vector<LossCurve> of_log = read_loss_curves(log.path, log.name);
    if (of_log.empty()) {
      problems.leave_out(fmt::format("a curve of --log {} (it holds no loss)", log.path.string()));
    }
    for (LossCurve& curve : of_log) {
      curves.push_back(std::move(curve));
    }
  }
  return curves;
}

void evaluate_and_report(const EvalArguments& arguments, VerbContext& context) {
  Config config;
  Settings settings;
  arguments.config.load(config, settings);
  if (!arguments.metrics.empty()) {
    settings.apply_override("eval.metrics=" + arguments.metrics);
  }
  set_threads(config.run, context.communicator);
  const EvaluationRequest request = request_of(arguments, config);
  InputProblems problems = arguments.keep_going ? InputProblems(context.log) : InputProblems();
  const std::vector<LossCurve> curves = curves_of(arguments.logs, problems);
  const auto held = hold_folder(arguments.out, "eval", context.communicator, context.log);
  const std::vector<EvaluatedSet> sets = evaluate_sets(request, choose_device(config.run, context.communicator).device,
                                                       context.communicator, context.log, problems);
  if (context.communicator.rank() == 0) {
    const bool several = arguments.benchmarks.size() > 1;
    std::cout << report_evaluation(sets, several, {arguments.title, curves, context.command, settings.to_yaml()},
                                   arguments.out);
    context.log.info("{} are in {}",
                     several ? "results.md, report.html, and a folder of results for each set"
                             : "results.json, results.csv, results.md and report.html",
                     arguments.out);
  }
  context.communicator.barrier();  // a rank that ends with an error ends the others, and rank 0 has been writing
  if (!problems.left_out().empty()) {
    throw UserError("asked for and not measured: {}; what could be measured is in {}",
                    fmt::join(problems.left_out(), ", "), arguments.out);
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
  verb->add_option(
          "--lora", arguments->adapters,
          "adapters, as FILE[:WEIGHT], of every --model, or NAME=FILE[:WEIGHT], of the one of that name; may be "
          "repeated")
      ->allow_extra_args(false);
  verb->add_option("--steps", arguments->steps, kStepsHelp)->check(whole_number(1));
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
