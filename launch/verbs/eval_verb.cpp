#include <iostream>
#include <memory>

#include "core/atomic_file.h"
#include "core/error.h"
#include "eval/pictures.h"
#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace {

constexpr std::int64_t kReportPictures = 8;
constexpr std::int64_t kReportPiece = 192;

struct EvalArguments {
  ConfigArguments config;
  std::vector<std::string> methods;
  std::string reference;
  std::string lq;
  std::string metrics;
  std::string out;
  std::string title = "Super-resolution results";
  std::vector<std::string> logs;
};

std::vector<LossCurve> curves_of(const std::vector<std::string>& logs) {
  std::vector<LossCurve> curves;
  for (const std::string& argument : logs) {
    const EvalMethod log = EvalMethod::parse(argument);  // name=PATH, as for --pred
    for (LossCurve& curve : read_loss_curves(log.folder, log.name)) {
      curves.push_back(std::move(curve));
    }
  }
  return curves;
}

void evaluate_folders(const EvalArguments& arguments, VerbContext& context) {
  Config config;
  Settings settings;
  arguments.config.load(config, settings);
  if (!arguments.metrics.empty()) {
    settings.apply_override("eval.metrics=" + arguments.metrics);
  }
  EvalRequest request;
  for (const std::string& method : arguments.methods) {
    request.methods.push_back(EvalMethod::parse(method));
  }
  request.reference = arguments.reference;
  request.lq = arguments.lq;
  const Results results = evaluate(request, config.eval, context.log);
  write_results(results, arguments.out);
  ReportInput report;
  report.title = arguments.title;
  report.summary = fmt::format("{} images.", results.methods.front().images.size());
  report.tables.push_back({"Results", results});
  report.rows = picture_rows(request, config.eval.scale, kReportPictures, kReportPiece);
  report.curves = curves_of(arguments.logs);
  report.notes = {{"Command", context.command}, {"Settings", settings.to_yaml()}};
  write_report(report, std::filesystem::path(arguments.out) / "report.html");
  std::cout << markdown_table(results);
  context.log.info("results.json, results.csv, results.md and report.html are in {}", arguments.out);
}

}  // namespace

void add_eval_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("eval", "measures folders of results and writes tables and a report");
  auto arguments = std::make_shared<EvalArguments>();
  verb->add_option("--pred", arguments->methods, "results of one method, as DIR or NAME=DIR; may be repeated")
      ->required()
      ->allow_extra_args(false);
  verb->add_option("--ref", arguments->reference, "references, paired by name; without, only metrics that need none");
  verb->add_option("--lq", arguments->lq, "low-resolution images, paired by name; adds bicubic as a method");
  verb->add_option("--metrics", arguments->metrics, "comma-separated; all that can be computed by default");
  verb->add_option("--out", arguments->out, "folder for results.json, .csv, .md and report.html")->required();
  verb->add_option("--log", arguments->logs, "metrics.jsonl of a run for the report's curves, as FILE or NAME=FILE")
      ->allow_extra_args(false);
  verb->add_option("--title", arguments->title, "title of the report");
  arguments->config.add_to(*verb);
  verb->callback([&context, arguments] {
    if (context.communicator.rank() == 0) {
      evaluate_folders(*arguments, context);
    }
  });
}

}  // namespace samsr
