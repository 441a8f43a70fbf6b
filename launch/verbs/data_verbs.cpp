#include <iostream>
#include <memory>
#include <optional>

#include "core/error.h"
#include "data/build/build.h"
#include "data/build/recorded_settings.h"
#include "data/photographs/split.h"
#include "data/shards/manifest.h"
#include "data/tools/export.h"
#include "data/tools/inspect.h"
#include "data/tools/regenerate.h"
#include "data/tools/verify.h"
#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace {

RolloutPlan rollout_plan(const Config& config) {
  return {config.rollout, config.train.recipe, config.model, config.train.teacher_weights};
}

/// A shard of the data set, finished or not, that tells how it was made.
Shard shard_of(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> shards =
      std::filesystem::is_directory(folder) ? shards_in(folder) : std::vector<std::filesystem::path>();
  if (shards.empty()) {
    throw UserError("{}: {}", folder.string(),
                    std::filesystem::is_directory(folder) ? "has no shards" : "no such folder of shards");
  }
  return Shard(shards.front());
}

/// The settings that continue the data set in `folder`, under those of the command line, and its stages.
void load_like(const std::string& folder, const ConfigArguments& arguments, Config& config, Settings& settings,
               BuildOptions& options) {
  const Shard shard = shard_of(folder);
  arguments.load_on(
      "--like",
      [&](Config& base, Settings& registry) {
        load_build_config(folder, registry);
        load_recorded_settings(shard, registry);
        base.build.data.out = folder;
      },
      config, settings);
  if (!arguments.sets("data.samples") && !arguments.sets("data.passes")) {
    throw UserError("--like {}: say how many samples there are to be, data.samples=N{}", folder,
                    config.build.data.passes > 1 ? ", or, as the set has several passes, data.passes=N" : "");
  }
  if (options.stages.empty()) {
    options.stages = recorded_stages(shard);
    options.replace = false;
  }
}

void add_build(CLI::App& data, VerbContext& context) {
  CLI::App* verb = data.add_subcommand(
      "build", "degrades a folder of photographs into shards of LR/HR pairs with masks' coverage and latents");
  auto arguments = std::make_shared<ConfigArguments>();
  arguments->add_to(*verb);
  auto stages = std::make_shared<std::vector<std::string>>();
  auto like = std::make_shared<std::string>();
  verb->add_option("--stage", *stages,
                   "do these stages only, of pairs, masks, latents, rollout, all; adds to shards that exist")
      ->delimiter(',')
      ->expected(1)
      ->allow_extra_args(false)  // what follows are settings
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--like", *like,
                   "folder of shards to continue, with their settings and stages, up to data.samples=N, or "
                   "data.passes=N where it has "
                   "several passes; with data.out another set of the same kind");
  verb->callback([&context, arguments, stages, like] {
    Config config;
    Settings settings;
    BuildOptions options;
    options.stages = *stages;
    if (like->empty()) {
      arguments->load(config, settings);
    } else {
      load_like(*like, *arguments, config, settings, options);
    }
    options.rollout = rollout_plan(config);
    options.run = config.run;
    // What is recorded keeps the places that other stages were made from, and this command did not name.
    const BuildSettings build = config.build;
    const std::filesystem::path out = build.data.out;
    settings.load_unset(recorded_places(out), (out / kBuildConfigFile).string());
    build_dataset(build, options, settings.to_yaml(), context.communicator, context.log);
  });
}

void add_shard_inspect(CLI::App& data, VerbContext& context) {
  CLI::App* verb = data.add_subcommand("inspect", "prints what a shard, or a folder of them, holds");
  auto path = std::make_shared<std::string>();
  auto options = std::make_shared<InspectOptions>();
  verb->add_option("path", *path, "shard or folder of shards")->required();
  verb->add_option("--sheet", options->sheet, "contact sheet to write (PNG): LR, HR, coverage side by side");
  verb->add_option("--count", options->count, "rows of the contact sheet")->check(CLI::Range(1, 1000));
  verb->add_flag("--config", options->config, "print the configuration the shards carry");
  verb->callback([&context, path, options] {
    if (context.communicator.rank() == 0) {
      inspect(*path, *options, std::cout);
    }
  });
}

void add_verify(CLI::App& data, VerbContext& context) {
  CLI::App* verb = data.add_subcommand("verify", "checks every checksum of a data set");
  auto folder = std::make_shared<std::string>();
  verb->add_option("folder", *folder, "folder of shards")->required();
  verb->callback([&context, folder] { verify_dataset(*folder, context.communicator, context.log); });
}

void add_range(CLI::App& verb, SampleSelection& range) {
  verb.add_option("--first", range.first, "index of the first sample")->check(whole_number(0));
  verb.add_option("--count", range.count, "number of samples; all from the first on by default")
      ->check(whole_number(1));
}

void add_export(CLI::App& data, VerbContext& context) {
  CLI::App* verb = data.add_subcommand(
      "export",
      "writes samples as PNG pairs OUT/lq and OUT/gt, in the place of those that an export left there before");
  auto folder = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  auto range = std::make_shared<SampleSelection>();
  verb->add_option("folder", *folder, "folder of shards")->required();
  verb->add_option("out", *out, "folder for the pairs")->required();
  add_range(*verb, *range);
  verb->callback(
      [&context, folder, out, range] { export_pairs(*folder, *out, *range, context.communicator, context.log); });
}

struct RegenerateArguments {
  RegenerateRequest request;
  std::optional<std::uint64_t> index;
  bool all = false;
  std::vector<std::string> overrides;
};

/// UserError unless the samples, and what becomes of them, are named once.
RegenerateRequest regenerate_request(const RegenerateArguments& arguments, bool in_range) {
  if (static_cast<int>(arguments.index.has_value()) + static_cast<int>(arguments.all) + static_cast<int>(in_range) !=
      1) {
    throw UserError("say which samples: --index K, --first K --count N, or --all, one of them");
  }
  if (!arguments.request.compare && arguments.request.out.empty()) {
    throw UserError("say what becomes of the samples: --out DIR writes the pairs, --compare compares every stage");
  }
  RegenerateRequest request = arguments.request;
  if (arguments.index) {
    request.range = {*arguments.index, 1, "--index"};
  }
  return request;
}

void regenerate_samples(const RegenerateRequest& request, const std::vector<std::string>& overrides,
                        VerbContext& context) {
  Config config;
  Settings settings;
  config.bind(settings);
  const Shard shard = shard_of(request.folder);
  if (request.compare) {
    load_build_config(request.folder, settings);  // where weights lie
  }
  load_recorded_settings(shard, settings);
  config.build.data.images = {};  // the index of the photographs knows better
  for (const std::string& assignment : overrides) {
    settings.apply_override(assignment);
  }
  config.share();
  BuildOptions options;
  options.rollout = rollout_plan(config);
  options.run = config.run;
  regenerate(request, config.build, options, context.communicator, context.log);
}

void add_regenerate(CLI::App& data, VerbContext& context) {
  CLI::App* verb = data.add_subcommand(
      "regenerate", "makes samples again from their photographs and compares them with those stored");
  auto arguments = std::make_shared<RegenerateArguments>();
  verb->add_option("folder", arguments->request.folder, "folder of shards")->required();
  verb->add_option("--index", arguments->index, "index of one sample")->check(whole_number(0));
  add_range(*verb, arguments->request.range);
  verb->add_flag("--all", arguments->all, "every sample");
  verb->add_flag("--compare", arguments->request.compare,
                 "make every stage again and compare every byte; without it, pairs alone");
  verb->add_option("--out", arguments->request.out, "folder for the pairs, OUT/lq and OUT/gt");
  verb->add_option("overrides", arguments->overrides,
                   "data.images=DIR where the photographs lie elsewhere by now, masks.weights=FILE and the like");
  verb->callback([&context, arguments, verb] {
    const bool in_range = verb->count("--first") + verb->count("--count") > 0;
    regenerate_samples(regenerate_request(*arguments, in_range), arguments->overrides, context);
  });
}

void add_split(CLI::App& data, VerbContext& context) {
  CLI::App* verb = data.add_subcommand("split", "parts a folder of photographs by links into train and held_out");
  auto images = std::make_shared<std::string>();
  auto folder = std::make_shared<std::string>();
  auto every = std::make_shared<std::uint64_t>(8);
  verb->add_option("photographs", *images, "folder of photographs")->required();
  verb->add_option("folder", *folder, "folder for the links, FOLDER/train and FOLDER/held_out")->required();
  verb->add_option("--held-out", *every, "the first photograph and every N-th after it are held out (default: 8)")
      ->check(CLI::Range(2, 1'000'000));
  verb->callback([&context, images, folder, every] {
    if (context.communicator.rank() == 0) {
      split_photographs(*images, *folder, *every, context.log);
    }
  });
}

}  // namespace

void add_data_verbs(CLI::App& app, VerbContext& context) {
  CLI::App* data = app.add_subcommand("data", "datasets of degraded pairs");
  data->require_subcommand(1);
  add_check_verb(*data, context);
  add_split(*data, context);
  add_build(*data, context);
  add_shard_inspect(*data, context);
  add_verify(*data, context);
  add_export(*data, context);
  add_regenerate(*data, context);
  add_imagenet_test_verb(*data, context);
}

}  // namespace samsr
