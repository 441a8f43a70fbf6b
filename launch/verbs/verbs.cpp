#include "launch/verbs/verbs.h"

#include <vector>

#include "core/error.h"
#include "core/nearest_name.h"

namespace samsr {

void check_verb_name(const CLI::App& app, int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb.empty() || verb.starts_with("-")) {
    return;
  }
  std::vector<std::string> known;
  for (const CLI::App* each : app.get_subcommands({})) {
    if (each->get_name() == verb) {
      return;
    }
    known.push_back(each->get_name());
  }
  throw UserError("unknown verb '{}'{}; see --help", verb, did_you_mean(verb, known));
}

}  // namespace samsr
