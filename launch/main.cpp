// samsr: single-step diffusion super-resolution, from photographs to benchmark tables.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "comm/communicator.h"
#include "core/error.h"
#include "core/log.h"
#include "launch/process.h"
#include "launch/verbs/verbs.h"

namespace {

constexpr int kUserMistake = 2;
constexpr int kFault = 1;

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
    samsr::check_verb_name(app, argc, argv);
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& help) {
    return communicator.rank() == 0 ? app.exit(help) : 0;
  } catch (const CLI::ParseError& error) {
    return samsr::end_all(communicator, log, std::string(error.what()) + "; see --help", kUserMistake);
  } catch (const samsr::UserError& error) {
    return samsr::end_all(communicator, log, error.what(), kUserMistake);
  } catch (const std::exception& error) {
    return samsr::end_all(communicator, log, std::string("internal error: ") + error.what(), kFault);
  }
}

}  // namespace

int main(int argc, char** argv) {
  samsr::let_waiting_threads_sleep(argv);
  std::unique_ptr<samsr::Communicator> communicator;
  try {
    communicator = samsr::make_communicator();
  } catch (const std::exception& error) {
    std::cerr << "samsr: " << error.what() << '\n';
    return kUserMistake;
  }
  return run(argc, argv, *communicator);
}
