#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "comm/communicator.h"

namespace samsr {

/// Work items 0 … n-1 were dealt to the ranks in turn (item i to rank i mod size), and `local` is the array of
/// this rank's results in order. Returns the n results in order, on every rank. Text in them may hold file
/// names of any encoding; what is not UTF-8 is replaced. Collective.
std::vector<nlohmann::json> gather_results(Communicator& comm, const nlohmann::json& local);

}  // namespace samsr
