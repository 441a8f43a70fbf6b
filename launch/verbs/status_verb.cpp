#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <thread>

#include "launch/verbs/verbs.h"
#include "train/report/run_status.h"

namespace samsr {
namespace {

struct StatusArguments {
  std::string run;
  bool watch = false;
  std::int64_t every = 5;
};

void show(const RunStatus& status) {
  constexpr const char* kClearScreen = "\x1b[H\x1b[2J";
  std::cout << (::isatty(STDOUT_FILENO) != 0 ? kClearScreen : "") << status.text() << std::flush;
}

void show_status(const StatusArguments& arguments) {
  RunStatus status(arguments.run);
  if (!arguments.watch) {
    std::cout << status.text();
    return;
  }
  show(status);
  while (status.running() && std::cout) {
    std::this_thread::sleep_for(std::chrono::seconds(arguments.every));
    status.update();
    show(status);
  }
}

}  // namespace

void add_status_verb(CLI::App& app, VerbContext& context) {
  CLI::App* verb = app.add_subcommand("status", "shows how a run of `train` is getting on, by the files in its folder");
  auto arguments = std::make_shared<StatusArguments>();
  verb->add_option("run", arguments->run, "folder of the run (train.out)")->required();
  verb->add_flag("--watch", arguments->watch, "look again every few seconds until the run has ended");
  verb->add_option("--every", arguments->every, "seconds between two looks of --watch")->check(whole_number(1));
  verb->callback([&context, arguments] {
    if (context.communicator.rank() == 0) {
      show_status(*arguments);
    }
  });
}

}  // namespace samsr
