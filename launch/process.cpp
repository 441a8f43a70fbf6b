#include "launch/process.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "core/field_text.h"

namespace samsr {

void let_waiting_threads_sleep(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr && setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0) == 0) {
    execv("/proc/self/exe", argv);  // returns only where that fails; then the threads spin
  }
}

int end_all(Communicator& communicator, Log& log, const std::string& message, int status) {
  if (communicator.rank() != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  log.from_rank("samsr: " + one_line(message));
  if (communicator.size() > 1) {
    communicator.abort(status);
  }
  return status;
}

}  // namespace samsr
