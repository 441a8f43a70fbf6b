#include <memory>

#include "comm/device.h"
#include "data/images/image_file.h"
#include "launch/config_arguments.h"
#include "launch/coverage_counter.h"
#include "launch/verbs/verbs.h"
#include "launch/version.h"
#include "train/run/train.h"
#include "train/validation/picture_validation.h"

namespace samsr {

void add_train_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("train", "trains a recipe (train.recipe) from shards, on any number of ranks");
  auto arguments = std::make_shared<ConfigArguments>();
  arguments->add_to(*verb);
  const auto dry_run = std::make_shared<bool>(false);
  verb->add_flag("--dry-run", *dry_run,
                 "try settings, data, weights, memory, disk, exchange and a step, write nothing, and say how it went");
  const auto profile = std::make_shared<std::int64_t>(0);
  verb->add_option("--profile", *profile,
                   "record this many steps, a few after the first, as a Chrome trace in train.out")
      ->check(CLI::PositiveNumber);
  verb->callback([&context, arguments, dry_run, profile] {
    Config config;
    Settings settings;
    arguments->load(config, settings);
    TrainConfig run{.run = config.run,
                    .train = config.train,
                    .distill = config.distill,
                    .semantic = config.semantic,
                    .coverage_net = config.coverage_net,
                    .validation = config.validation,
                    .model = config.model,
                    .loader = config.loader,
                    .resolved = settings.to_yaml(),
                    .command = context.command,
                    .count_coverage = {},
                    .validate_pictures =
                        [&](LoadedModel& average) {
                          const OfficialFiles files(config.weights);
                          return make_picture_validation(
                              config.validation, config.upscale, config.build.masks,
                              {.device = choose_device(config.run, context.communicator), .files = &files},
                              config.train.out, average, context.communicator);
                        },
                    .version = program_version(),
                    .encode_png = [](const at::Tensor& picture) { return encode_png(to_mat(picture)); },
                    .dry_run = *dry_run,
                    .profile = *profile};
    if (config.semantic.loss == "amg") {
      run.count_coverage = make_coverage_counter(config.build.masks, config.model.scale,
                                                 choose_device(config.run, context.communicator));
    }
    train(run, context.communicator, context.log);
  });
}

}  // namespace samsr
