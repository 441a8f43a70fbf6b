#include <memory>

#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"
#include "train/train.h"

namespace samsr {

void add_train_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("train", "trains a recipe (train.recipe) from shards, on any number of ranks");
  auto arguments = std::make_shared<ConfigArguments>();
  arguments->add_to(*verb);
  verb->callback([&context, arguments] {
    Config config;
    Settings settings;
    arguments->load(config, settings);
    train({config.train, config.distill, config.model, config.loader, settings.to_yaml(), context.command},
          context.communicator, context.log);
  });
}

}  // namespace samsr
