// samsr: single-step diffusion super-resolution, from photographs to benchmark tables.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "comm/communicator.h"
#include "core/error.h"
#include "core/file_error.h"
#include "core/log.h"
#include "launch/process.h"
#include "launch/standard_output.h"
#include "launch/verbs/verbs.h"

namespace {

constexpr int kUserMistake = 2;
constexpr int kFault = 1;

int run_verb(int argc, char** argv, samsr::Communicator& communicator, samsr::Log& log, samsr::StandardOutput& output) {
  // What was printed stands before the line that says what went wrong.
  const auto end = [&](const std::string& message, int status) {
    output.flush();
    return samsr::end_all(communicator, log, message, status);
  };
  CLI::App app("samsr: degraded datasets, training and evaluation of single-step diffusion super-resolution");
  app.require_subcommand(1);
  try {
    samsr::VerbContext context{communicator, log, CLI::detail::join(std::vector<std::string>(argv, argv + argc), " ")};
    samsr::add_data_verbs(app, context);
    samsr::add_train_verb(app, context);
    samsr::add_upscale_verb(app, context);
    samsr::add_eval_verb(app, context);
    samsr::add_bench_table_verb(app, context);
    samsr::add_strip_verb(app, context);
    samsr::add_table_verb(app, context);
    samsr::add_card_verb(app, context);
    samsr::add_status_verb(app, context);
    samsr::add_weights_verbs(app, context);
    samsr::add_settings_verb(app, context);
    samsr::add_version_verb(app, context);
    samsr::check_command_line(app, argc, argv);
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::Success& help) {
    return communicator.rank() == 0 ? app.exit(help) : 0;
  } catch (const CLI::ParseError& error) {
    return end(std::string(error.what()) + "; see --help", kUserMistake);
  } catch (const samsr::UserError& error) {
    return end(error.what(), kUserMistake);
  } catch (const std::filesystem::filesystem_error& error) {
    return end(samsr::describe_error(error), kUserMistake);
  } catch (const std::exception& error) {
    return end(std::string("internal error: ") + error.what(), kFault);
  }
}

int run(int argc, char** argv, samsr::Communicator& communicator) {
  samsr::Log log(std::cerr, communicator.rank(), communicator.size(), isatty(STDERR_FILENO) != 0);
  samsr::StandardOutput output;
  const int status = run_verb(argc, argv, communicator, log, output);
  const std::string problem = output.finish();
  return problem.empty() || status != 0 ? status : samsr::end_all(communicator, log, problem, kUserMistake);
}

}  // namespace

int main(int argc, char** argv) {
  samsr::occupy_closed_streams();
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
