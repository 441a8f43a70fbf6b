#include "launch/verbs/verbs.h"

#include <vector>

#include "core/error.h"
#include "core/nearest_name.h"

namespace samsr {

void check_verb_name(const CLI::App& app, int argc, char** argv) {
  const CLI::App* level = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string verb = argv[i];
    std::vector<std::string> known;
    const CLI::App* next = nullptr;
    for (const CLI::App* each : level->get_subcommands({})) {
      next = each->get_name() == verb ? each : next;
      known.push_back(each->get_name());
    }
    if (known.empty() || verb.empty() || verb.starts_with("-")) {
      return;
    }
    if (next == nullptr) {
      const std::string group = level == &app ? "" : " of '" + level->get_name() + "'";
      throw UserError("unknown verb '{}'{}{}; see --help", verb, group, did_you_mean(verb, known));
    }
    level = next;
  }
}

}  // namespace samsr
