#include <iostream>
#include <memory>

#include "launch/config_arguments.h"
#include "launch/verbs/verbs.h"

namespace samsr {

void add_settings_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb =
      app.add_subcommand("settings",
                         "lists every setting with its default, range and meaning (Markdown); with --config or "
                         "key=value, says what all settings then are (YAML)");
  auto arguments = std::make_shared<ConfigArguments>();
  arguments->add_to(*verb);
  auto key = std::make_shared<std::string>();
  verb->add_option("--value", *key, "print what this one setting is, alone: --value train.out");
  verb->callback([&context, arguments, key] {
    Config config;
    Settings settings;
    if (arguments->empty()) {
      config.bind(settings);
    } else {
      arguments->load(config, settings);
    }
    const std::string text = !key->empty()        ? settings.value(*key, "--value") + "\n"
                             : arguments->empty() ? settings_table(settings)
                                                  : settings.to_yaml();
    if (context.communicator.rank() == 0) {
      std::cout << text;
    }
  });
}

}  // namespace samsr
