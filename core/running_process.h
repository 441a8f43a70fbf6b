#pragma once
// Processes as their traces on disk name them: a number alone is given again to another process later.

#include <cstdint>
#include <string>

namespace samsr {

struct RunningProcess {
  std::uint64_t id = 0;
  std::uint64_t start = 0;  ///< clock ticks between the start of the host and its own, as /proc/ID/stat says
};

RunningProcess this_process();

/// Whether that very process runs on this host; one that has ended and waits for its parent does not.
bool is_running(const RunningProcess& process);

/// Whether any process of that number runs on this host.
bool is_running(std::uint64_t id);

/// Differs between hosts, and between one start of a host and the next; empty where the system does not tell.
std::string boot_id();

}  // namespace samsr
