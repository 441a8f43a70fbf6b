#pragma once
// How many threads a rank computes with on the CPU.

#include <optional>
#include <vector>

#include "comm/communicator.h"
#include "comm/run_settings.h"

namespace samsr {

/// Threads for rank `local_rank` of a host, at least one. `cores`: the numbers of the cores that each rank of the host
/// may run on, by local rank. A core that several ranks may use counts as an equal part for each, so that ranks bound
/// to cores of their own take all of them and ranks that are not bound share the host. `granted`: cores' worth of time
/// that all of them have together, as in a container.
int fair_threads(const std::vector<std::vector<int>>& cores, int local_rank, std::optional<double> granted);

/// Sets ATen's threads for this rank and returns their number: those of `settings`; when that is 0, those of
/// OMP_NUM_THREADS; without it, fair_threads(). UserError for more than four a core that the rank may run on.
/// Collective.
int set_threads(const RunSettings& settings, Communicator& communicator);

}  // namespace samsr
