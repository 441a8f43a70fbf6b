#include <filesystem>
#include <iostream>
#include <memory>

#include "comm/device.h"
#include "comm/rank_threads.h"
#include "core/error.h"
#include "core/nested_paths.h"
#include "eval/bench_table/bench_table.h"
#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

struct BenchTableArguments {
  ConfigArguments config;
  std::string tables = "1,2";
  std::string weights;
  std::string benchmarks;
  std::string out;
  bool dry_run = false;
};

/// UserError for settings that the tables or other options say.
void check_settings(const ConfigArguments& config) {
  for (const auto& [key, says] :
       {std::pair("weights.folder", "--weights"), std::pair("eval.benchmarks", "--benchmarks"),
        std::pair("eval.metrics", "--tables"), std::pair("upscale.ddim_steps", "--tables"),
        std::pair("upscale.sampler", "--tables")}) {
    if (config.sets(key)) {
      throw UserError("{}: {} says that here; leave it out", key, says);
    }
  }
}

/// UserError when `folder` is none; absolute, so that the same folder has one name from wherever it is named.
fs::path input_folder(const char* option, const std::string& folder) {
  if (!fs::is_directory(folder)) {
    throw UserError("{} {}: no such folder", option, folder);
  }
  return absolute_path(folder);
}

void run(const BenchTableArguments& arguments, VerbContext& context) {
  check_settings(arguments.config);
  const fs::path weights = input_folder("--weights", arguments.weights);
  const auto load = [&](Config& config, Settings& settings, const std::string& shipped) {
    arguments.config.load(config, settings, shipped);
    config.weights.folder = weights.string();
  };
  Config config;
  Settings settings;
  load(config, settings, "");
  set_threads(config.run, context.communicator);
  BenchTableRequest request;
  request.tables = arguments.tables;
  request.benchmarks = input_folder("--benchmarks", arguments.benchmarks);
  request.out = arguments.out;
  request.settings = config.eval;
  request.files = config.weights;
  request.settings_text = settings.to_yaml();
  request.configure = [&](const OfficialFile& file, const fs::path& path) -> ConfiguredModel {
    Config own;
    Settings of_model;
    load(own, of_model, file.config);
    return {own.model_argument(path.string(), of_model), of_model.to_yaml()};
  };
  if (arguments.dry_run) {
    try_bench_table(request, context.communicator, context.log, std::cout);
    return;
  }
  const c10::Device device = choose_device(config.run, context.communicator).device;
  const std::string tables = bench_table(request, device, context.communicator, context.log);
  if (context.communicator.rank() == 0) {
    std::cout << tables;
    context.log.info("tables.* and comparison.* are in {}", (request.out / "tables").string());
  }
}

}  // namespace

void add_bench_table_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand(
      "bench-table",
      "measures the methods of the papers' tables whose published weights are here, and makes the tables");
  auto arguments = std::make_shared<BenchTableArguments>();
  verb->add_option("--tables", arguments->tables, "which tables: 1, 2 or 1,2")->capture_default_str();
  verb->add_option("--weights", arguments->weights,
                   "folder of the published files of methods and metrics, under their names (samsr weights list)")
      ->required();
  verb->add_option("--benchmarks", arguments->benchmarks,
                   "folder of the benchmarks: RealSR, RealSet65, imagenet256/lq and gt")
      ->required();
  verb->add_option("--out", arguments->out, "folder for pictures, figures and tables; what is complete there is kept")
      ->required();
  verb->add_flag("--dry-run", arguments->dry_run,
                 "prints what would be measured and what is missing, tries models and pictures, and writes nothing");
  arguments->config.add_overrides_to(*verb);
  verb->callback([&context, arguments] { run(*arguments, context); });
}

}  // namespace samsr
