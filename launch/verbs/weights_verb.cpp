#include <fmt/ranges.h>

#include <iostream>
#include <memory>

#include "core/error.h"
#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"
#include "models/super_resolution/tools/blend_weights.h"
#include "models/super_resolution/tools/convert_weights.h"
#include "models/super_resolution/tools/inspect_weights.h"
#include "models/super_resolution/tools/list_official_files.h"
#include "models/super_resolution/tools/merge_weights.h"

namespace samsr {
namespace {

void add_weights_inspect(CLI::App& weights, VerbContext& context) {
  CLI::App* verb = weights.add_subcommand("inspect", "lists the tensors of a file of weights, or of a run's averages");
  auto path = std::make_shared<std::string>();
  verb->add_option("path", *path,
                   "safetensors, PyTorch's .pth or .pt, a checkpoint, a run's folder, or embedded: samsr's own student")
      ->required();
  verb->callback([&context, path] {
    if (context.communicator.rank() == 0) {
      inspect_weights(*path, std::cout, context.log);
    }
  });
}

void add_conversion_flags(CLI::App& verb, Conversion& how) {
  verb.add_flag("--half", how.half, "floating point numbers as half precision");
  verb.add_flag("--compact", how.compact,
                "without what samsr computes from the settings: the windows' position indices and masks");
}

void add_weights_convert(CLI::App& weights, VerbContext& context) {
  struct Arguments {
    std::string in;
    std::vector<std::string> others;
    Conversion how;
  };
  CLI::App* verb = weights.add_subcommand("convert", "writes the tensors of a file of weights as safetensors");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("in", arguments->in, "as for inspect, or ncnn's X.param, with X.bin behind it; nothing is executed")
      ->required();
  verb->add_option("out", arguments->others, "a .safetensors file; of ncnn's files the .bin before it")
      ->required()
      ->expected(1, 2);
  add_conversion_flags(*verb, arguments->how);
  verb->callback([&context, arguments] {
    if (context.communicator.rank() != 0) {
      return;
    }
    if (arguments->others.size() == 2) {
      convert_ncnn_weights(arguments->in, arguments->others[0], arguments->others[1], arguments->how, context.log);
    } else {
      convert_weights(arguments->in, arguments->others[0], arguments->how, context.log);
    }
  });
}

void add_weights_blend(CLI::App& weights, VerbContext& context) {
  struct Arguments {
    std::string from;
    std::string to;
    std::string out;
    double share = 0.5;
    Conversion how;
  };
  CLI::App* verb =
      weights.add_subcommand("blend",
                             "writes a network between two of one form: (1 - share) of the first + share of the "
                             "second");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("from", arguments->from, "as for inspect")->required();
  verb->add_option("to", arguments->to, "as for inspect")->required();
  verb->add_option("out", arguments->out, "a .safetensors file")->required();
  verb->add_option("--share", arguments->share, "of the second, 0 to 1")->capture_default_str();
  add_conversion_flags(*verb, arguments->how);
  verb->callback([&context, arguments] {
    if (context.communicator.rank() == 0) {
      blend_weights(arguments->from, arguments->to, arguments->share, arguments->out, arguments->how, context.log);
    }
  });
}

void add_weights_merge(CLI::App& weights, VerbContext& context, MergeDirection direction) {
  struct Arguments {
    std::string model;
    std::string out;
    std::vector<std::string> adapters;
    Conversion how;
  };
  const bool merge = direction == MergeDirection::kMerge;
  CLI::App* verb = weights.add_subcommand(merge ? "merge" : "unmerge",
                                          merge ? "writes a model with adapters merged into its weights"
                                                : "writes a model that weights merge wrote without adapters again");
  auto arguments = std::make_shared<Arguments>();
  verb->add_option("model", arguments->model, "as for inspect")->required();
  verb->add_option("out", arguments->out, "a .safetensors file")->required();
  verb->add_option("--lora", arguments->adapters,
                   "adapters, as FILE or FILE:WEIGHT: a file, a checkpoint, or the folder of a run; may be repeated")
      ->allow_extra_args(false)
      ->required();
  add_conversion_flags(*verb, arguments->how);
  verb->callback([&context, arguments, direction] {
    if (context.communicator.rank() == 0) {
      merge_weights(arguments->model, lora_arguments(arguments->adapters), direction, arguments->out, arguments->how,
                    context.log);
    }
  });
}

void add_weights_list(CLI::App& weights, VerbContext& context) {
  struct Arguments {
    ConfigArguments config;
    bool verify = false;
  };
  CLI::App* verb = weights.add_subcommand("list", "lists the official weight files and which of them are here");
  auto arguments = std::make_shared<Arguments>();
  verb->add_flag("--verify", arguments->verify, "compare each file with its published SHA-256");
  arguments->config.add_to(*verb);
  verb->callback([&context, arguments] {
    Config config;
    Settings settings;
    arguments->config.load(config, settings);
    if (context.communicator.rank() == 0) {
      const std::vector<std::string> wrong =
          list_official_files(OfficialFiles(config.weights), arguments->verify, std::cout);
      if (!wrong.empty()) {
        throw UserError("{} of the files are not as published; fetch again: {}", wrong.size(), fmt::join(wrong, ", "));
      }
    }
  });
}

}  // namespace

void add_weights_verbs(CLI::App& app, VerbContext& context) {
  CLI::App* weights = app.add_subcommand("weights", "files of network weights");
  weights->require_subcommand(1);
  add_weights_inspect(*weights, context);
  add_weights_convert(*weights, context);
  add_weights_blend(*weights, context);
  add_weights_merge(*weights, context, MergeDirection::kMerge);
  add_weights_merge(*weights, context, MergeDirection::kUnmerge);
  add_weights_list(*weights, context);
}

}  // namespace samsr
