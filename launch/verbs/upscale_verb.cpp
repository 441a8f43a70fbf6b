#include <memory>

#include "core/error.h"
#include "eval/upscale.h"
#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"
#include "train/checkpoint.h"
#include "train/device.h"

namespace samsr {
namespace {

struct UpscaleArguments {
  ConfigArguments config;
  std::string in;
  std::string out;
  std::string model;
};

void upscale(const UpscaleArguments& arguments, VerbContext& context) {
  Config config;
  Settings settings;
  arguments.config.load(config, settings);
  set_threads(config.train.threads, context.communicator);
  const std::filesystem::path weights = find_weights(arguments.model, context.log);
  LoadedModel loaded = load_model(weights, config.model.first_stage.weights, &config.model);
  loaded.model->to(choose_device(config.train.device, context.communicator));
  context.log.info("model: {}", weights.string());
  if (!loaded.own_settings) {
    context.log.info("it carries no settings: those of the config and the command line are used, and it is taken for a "
                     "teacher; upscale.sampler=one_step for a one-step student");
  }
  upscale_files(loaded, config.upscale, config.build.masks, arguments.in, arguments.out, context.log);
}

}  // namespace

void add_upscale_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("upscale", "enlarges a picture, or a folder of them, of any size");
  auto arguments = std::make_shared<UpscaleArguments>();
  verb->add_option("in", arguments->in, "picture or folder of pictures")->required();
  verb->add_option("out", arguments->out, "PNG file, or folder")->required();
  verb->add_option("--model", arguments->model, "a .safetensors or official .pth file, a checkpoint, or the folder of a run")->required();
  arguments->config.add_to(*verb);
  verb->callback([&context, arguments] {
    if (context.communicator.rank() == 0) {
      upscale(*arguments, context);
    }
  });
}

}  // namespace samsr
