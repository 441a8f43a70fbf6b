#include <iostream>
#include <memory>

#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"
#include "launch/version.h"
#include "train/recipes/recipes.h"
#include "train/run/train.h"

namespace samsr {

void add_train_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("train", "trains a recipe (train.recipe) from shards, on any number of ranks");
  auto arguments = std::make_shared<ConfigArguments>();
  arguments->add_to(*verb);
  const auto dry_run = std::make_shared<bool>(false);
  verb->add_flag("--dry-run", *dry_run,
                 "try settings, data, weights, memory, disk, exchange and a step, write nothing, and say how it went");
  const auto describe = std::make_shared<bool>(false);
  verb->add_flag("--describe", *describe,
                 "say what the recipe trains and, where a method is not published as a whole, which settings are "
                 "published, related practice or our choice; trains nothing");
  const auto profile = std::make_shared<std::int64_t>(0);
  verb->add_option("--profile", *profile,
                   "record this many steps, a few after the first, as a Chrome trace in train.out")
      ->check(whole_number(1));
  verb->callback([&context, arguments, dry_run, describe, profile] {
    Config config;
    Settings settings;
    arguments->load(config, settings);
    if (*describe) {
      if (context.communicator.rank() == 0) {
        std::cout << described(settings);
      }
      return;
    }
    train({.run = config.run,
           .train = config.train,
           .resshift = config.resshift,
           .distill = config.distill,
           .rsd = config.rsd,
           .flowmap = config.flowmap,
           .regression = config.regression,
           .network = config.network,
           .hfp = config.hfp,
           .ess = config.ess,
           .perceptual = config.perceptual,
           .semantic = config.semantic,
           .coverage_net = config.coverage_net,
           .validation = config.validation,
           .model = config.model,
           .loader = config.loader,
           .build = config.build,
           .masks = config.build.masks,
           .upscale = config.upscale,
           .weights = config.weights,
           .resolved = settings.to_yaml(),
           .command = context.command,
           .version = program_version(),
           .dry_run = *dry_run,
           .profile = *profile},
          context.communicator, context.log);
  });
}

}  // namespace samsr
