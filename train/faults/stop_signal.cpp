#include "train/faults/stop_signal.h"

#include <csignal>

namespace samsr {
namespace {

// A handler can reach nothing but a variable of static storage.
volatile std::sig_atomic_t stop_asked = 0;

constexpr int kSignals[] = {SIGTERM, SIGINT, SIGUSR1};

void set_handlers(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) {
    sigaction(signal, &action, nullptr);
  }
}

}  // namespace

StopSignal::StopSignal() {
  stop_asked = 0;
  set_handlers([](int) { stop_asked = 1; });
}

StopSignal::~StopSignal() { set_handlers(SIG_DFL); }

bool StopSignal::received() const { return stop_asked != 0; }

}  // namespace samsr
