#include <memory>
#include <optional>

#include "comm/device.h"
#include "comm/rank_threads.h"
#include "core/error.h"
#include "eval/upscale/upscale.h"
#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"
#include "models/embedded/embedded_student.h"

namespace samsr {
namespace {

struct UpscaleArguments {
  ConfigArguments config;
  std::string in;
  std::string out;
  std::string model;
  std::string model_dir;
  std::vector<std::string> adapters;
  std::string masks;
  std::string noise;
  std::string seed;
  std::string batch;
  std::optional<std::int64_t> steps;
  std::string scale;
  std::string page;

  /// What is to be enlarged with.
  std::string model_path() const {
    if (!model_dir.empty() && !model.empty()) {
      throw UserError("--model {} and --model-dir {}: give one of them", model, model_dir);
    }
    return !model_dir.empty() ? model_dir : model.empty() ? kEmbeddedModel : model;
  }
};

/// Sets what a flag is short for; UserError when the command line sets it to something as well.
void apply_flag(Settings& settings, const std::string& flag, const std::string& key, const std::string& value) {
  if (value.empty()) {
    return;
  }
  if (settings.origin(key).starts_with("'")) {
    throw UserError("{} is short for {}, which {} sets too: give one of them", flag, key, settings.origin(key));
  }
  settings.apply_override(key + "=" + value);
}

void upscale(const UpscaleArguments& arguments, VerbContext& context) {
  Config config;
  Settings settings;
  const std::string model = arguments.model_path();
  arguments.config.load(config, settings, shipped_config_of(model));
  apply_flag(settings, "--masks", "upscale.masks", arguments.masks);
  apply_flag(settings, "--noise", "upscale.noise", arguments.noise);
  apply_flag(settings, "--seed", "upscale.seed", arguments.seed);
  apply_flag(settings, "--batch", "upscale.batch", arguments.batch);
  apply_flag(settings, "--scale", "upscale.scale", arguments.scale);
  set_threads(config.run, context.communicator);
  ModelArgument argument = config.model_argument(model, settings);
  argument.lora = lora_arguments(arguments.adapters);
  if (arguments.steps) {
    arguments.config.check_alone("--steps", kStepsKeys);
  }
  argument.steps = arguments.steps;
  upscale_files(argument, choose_device(config.run, context.communicator).device, arguments.in, arguments.out,
                context.communicator, context.log, arguments.page);
}

}  // namespace

void add_upscale_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("upscale", "enlarges a picture, or a folder of them, of any size");
  auto arguments = std::make_shared<UpscaleArguments>();
  verb->add_option("in", arguments->in, "picture or folder of pictures")->required();
  verb->add_option("out", arguments->out, "PNG, JPEG, WebP or TIFF file, or folder")->required();
  verb->add_option(
      "--model", arguments->model,
      "embedded (default): the student that is part of the program; else the name of an official file (samsr "
      "weights list), a .safetensors or .pth file, of a compared method too, a checkpoint, or the folder of a run");
  verb->add_option("--model-dir", arguments->model_dir, "folder of a model of two files: DASR's net_g and net_p");
  verb->add_option("--scale", arguments->scale, "factor of a flow map, which has any (upscale.scale)");
  verb->add_option("--steps", arguments->steps, kStepsHelp)->check(whole_number(1));
  verb->add_option(
          "--lora", arguments->adapters,
          "adapters of the model, as FILE or FILE:WEIGHT: a file, a checkpoint, or the folder of a run; may be "
          "repeated")
      ->allow_extra_args(false);
  verb->add_option("--masks", arguments->masks, "auto, none, graph or sam: what shapes the noise (upscale.masks)");
  verb->add_option("--noise", arguments->noise, "auto, sam or plain (upscale.noise)");
  verb->add_option("--seed", arguments->seed, "seed of the noise (upscale.seed)");
  verb->add_option("--batch", arguments->batch, "tiles at once on a GPU (upscale.batch)");
  verb->add_option("--compare", arguments->page,
                   "HTML page to write, with a slider between each picture and its result");
  arguments->config.add_to(*verb);
  verb->callback([&context, arguments] { upscale(*arguments, context); });
}

}  // namespace samsr
