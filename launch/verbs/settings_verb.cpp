#include <iostream>

#include "launch/config.h"
#include "launch/verbs/verbs.h"

namespace samsr {
namespace {

void print_table(const Settings& settings) {
  std::cout << "| key | default | type | meaning |\n| --- | --- | --- | --- |\n";
  for (const Settings::Entry& entry : settings.entries()) {
    std::cout << fmt::format("| `{}` | `{}` | {}{} | {} |\n", entry.key, entry.default_value, entry.type,
                             entry.expected.empty() ? "" : ": " + entry.expected, entry.help);
  }
}

}  // namespace

void add_settings_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("settings", "lists every setting with its default, range and meaning (Markdown)");
  verb->callback([&context] {
    if (context.communicator.rank() == 0) {
      Config config;
      Settings settings;
      config.bind(settings);
      print_table(settings);
    }
  });
}

}  // namespace samsr
