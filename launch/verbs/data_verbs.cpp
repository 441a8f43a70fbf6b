#include <iostream>
#include <memory>

#include "data/build/build.h"
#include "data/photographs/split.h"
#include "data/tools/export.h"
#include "data/tools/inspect.h"
#include "data/tools/regenerate.h"
#include "data/tools/verify.h"
#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace {

void add_build(CLI::App& data, VerbContext& context) {
  CLI::App* verb = data.add_subcommand(
      "build", "degrades a folder of photographs into shards of LR/HR pairs with masks' coverage and latents");
  auto arguments = std::make_shared<ConfigArguments>();
  arguments->add_to(*verb);
  auto stages = std::make_shared<std::vector<std::string>>();
  verb->add_option("--stage", *stages,
                   "do these stages only, of pairs, masks, latents, rollout, all; adds to shards that exist")
      ->delimiter(',')
      ->expected(1)
      ->allow_extra_args(false)  // what follows are settings
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->callback([&context, arguments, stages] {
    Config config;
    Settings settings;
    arguments->load(config, settings);
    BuildOptions options;
    options.stages = *stages;
    options.rollout = {config.rollout, config.train.recipe, config.model, config.train.teacher_weights};
    options.run = config.run;
    build_dataset(config.build, options, settings.to_yaml(), context.communicator, context.log);
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

void add_export(CLI::App& data, VerbContext& context) {
  CLI::App* verb = data.add_subcommand(
      "export",
      "writes samples as PNG pairs OUT/lq and OUT/gt, in the place of those that an export left there before");
  auto folder = std::make_shared<std::string>();
  auto out = std::make_shared<std::string>();
  auto options = std::make_shared<ExportOptions>();
  verb->add_option("folder", *folder, "folder of shards")->required();
  verb->add_option("out", *out, "folder for the pairs")->required();
  verb->add_option("--first", options->first, "index of the first sample")->check(whole_number(0));
  verb->add_option("--count", options->count, "number of samples; all from the first on by default")
      ->check(whole_number(1));
  verb->callback([&context, folder, out, options] {
    if (context.communicator.rank() == 0) {
      export_pairs(*folder, *out, *options, context.log);
    }
  });
}

void add_regenerate(CLI::App& data, VerbContext& context) {
  CLI::App* verb =
      data.add_subcommand("regenerate", "makes one pair again from its photograph and compares it with the stored one");
  auto folder = std::make_shared<std::string>();
  auto index = std::make_shared<std::uint64_t>(0);
  auto out = std::make_shared<std::string>();
  auto overrides = std::make_shared<std::vector<std::string>>();
  verb->add_option("folder", *folder, "folder of shards")->required();
  verb->add_option("--index", *index, "index of the pair")->required()->check(whole_number(0));
  verb->add_option("--out", *out, "folder for the pair, OUT/lq and OUT/gt")->required();
  verb->add_option("overrides", *overrides, "data.images=DIR where the photographs lie elsewhere by now");
  verb->callback([&context, folder, index, out, overrides] {
    PhotographSources images;
    Settings settings;
    images.bind(settings, "data.images", "where the photographs lie");
    for (const std::string& assignment : *overrides) {
      settings.apply_override(assignment);
    }
    if (context.communicator.rank() == 0) {
      regenerate_pair(*folder, *index, *out, images, context.log);
    }
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
}

}  // namespace samsr
