// samsr: single-step diffusion super-resolution, from photographs to benchmark tables.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "comm/communicator.h"
#include "core/error.h"
#include "core/log.h"
#include "core/nearest_name.h"
#include "launch/verbs/verbs.h"

namespace {

constexpr int kUserMistake = 2;
constexpr int kFault = 1;

/// Ends the run after an error. All ranks often meet the same one, so rank 0 gets half a second to say it
/// for all before the others speak; whoever comes first takes the other ranks down with it.
int end_all(samsr::Communicator& communicator, samsr::Log& log, const std::string& message, int status) {
  if (communicator.rank() != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  log.from_rank("samsr: " + message);
  if (communicator.size() > 1) {
    communicator.abort(status);
  }
  return status;
}

/// OpenMP threads that spin while they wait slow each other down a hundredfold on a busy machine. The OpenMP
/// library reads its environment before main begins, so the program starts itself once more with it set.
void let_waiting_threads_sleep(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr && setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0) == 0) {
    execv("/proc/self/exe", argv);  // returns only where that fails; then the threads spin
  }
}

/// CLI11 says of a misspelt verb only that one is required.
void check_verb(const CLI::App& app, int argc, char** argv) {
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
  throw samsr::UserError("unknown verb '{}'{}; see --help", verb, samsr::did_you_mean(verb, known));
}

int run(int argc, char** argv, samsr::Communicator& communicator) {
  samsr::Log log(std::cerr, communicator.rank(), communicator.size(), isatty(STDERR_FILENO) != 0);
  CLI::App app("samsr: degraded datasets, training and evaluation of single-step diffusion super-resolution");
  app.require_subcommand(1);
  try {
    samsr::VerbContext context{communicator, log, CLI::detail::join(std::vector<std::string>(argv, argv + argc), " ")};
    samsr::add_data_verbs(app, context);
    samsr::add_train_verb(app, context);
    samsr::add_upscale_verb(app, context);
    samsr::add_eval_verb(app, context);
    samsr::add_strip_verb(app, context);
    samsr::add_table_verb(app, context);
    samsr::add_card_verb(app, context);
    samsr::add_weights_verbs(app, context);
    samsr::add_settings_verb(app, context);
    samsr::add_version_verb(app, context);
    check_verb(app, argc, argv);
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& help) {
    return communicator.rank() == 0 ? app.exit(help) : 0;
  } catch (const CLI::ParseError& error) {
    return end_all(communicator, log, std::string(error.what()) + "; see --help", kUserMistake);
  } catch (const samsr::UserError& error) {
    return end_all(communicator, log, error.what(), kUserMistake);
  } catch (const std::exception& error) {
    return end_all(communicator, log, std::string("internal error: ") + error.what(), kFault);
  }
}

}  // namespace

int main(int argc, char** argv) {
  let_waiting_threads_sleep(argv);
  std::unique_ptr<samsr::Communicator> communicator;
  try {
    communicator = samsr::make_communicator();
  } catch (const std::exception& error) {
    std::cerr << "samsr: " << error.what() << '\n';
    return kUserMistake;
  }
  return run(argc, argv, *communicator);
}
