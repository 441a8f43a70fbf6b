#pragma once

#include <filesystem>
#include <optional>
#include <vector>

namespace samsr {

/// Numbers of the cores that this process may run on, ascending: those of the host, or fewer where a launcher, Slurm or
/// `taskset` has bound it.
std::vector<int> usable_cores();

/// Cores' worth of time that the control group of this process is granted (a container's limit), or nothing where it
/// has no limit. `proc` and `groups`: the system's own, /proc/self/cgroup and /sys/fs/cgroup (version 2).
std::optional<double> granted_cores(const std::filesystem::path& proc = "/proc/self/cgroup",
                                    const std::filesystem::path& groups = "/sys/fs/cgroup");

}  // namespace samsr
