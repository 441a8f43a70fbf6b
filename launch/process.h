#pragma once
// How the program begins and ends as a process among other ranks.

#include <string>

#include "comm/communicator.h"
#include "core/log.h"

namespace samsr {

/// OpenMP threads that spin while they wait slow each other down a hundredfold on a busy machine. The OpenMP library
/// reads its environment before main begins, so the program starts itself once more with it set.
void let_waiting_threads_sleep(char** argv);

/// Ends the run after an error; returns `status`. All ranks often meet the same one, so rank 0 gets half a second to
/// say it for all before the others speak; whoever comes first takes the other ranks down with it.
int end_all(Communicator& communicator, Log& log, const std::string& message, int status);

}  // namespace samsr
