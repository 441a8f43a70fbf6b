#include "comm/rank_threads.h"

#include <ATen/Parallel.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <sstream>

#include "core/cores.h"
#include "core/error.h"

namespace samsr {
namespace {

constexpr int kThreadsPerCore = 4;

/// The first number of OMP_NUM_THREADS ("4" or "4,2", for nested regions); 0 where it has none. What is wrong in it the
/// OpenMP runtime has said.
int threads_of_environment() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  return text != nullptr ? std::max(0, std::atoi(text)) : 0;
}

std::vector<std::vector<int>> cores_of_host(Communicator& communicator) {
  std::vector<std::vector<int>> cores;
  for (const std::string& each : communicator.gather_on_host(fmt::format("{}", fmt::join(usable_cores(), " ")))) {
    std::istringstream in(each);
    cores.emplace_back();
    for (int core = 0; in >> core;) {
      cores.back().push_back(core);
    }
  }
  return cores;
}

}  // namespace

int fair_threads(const std::vector<std::vector<int>>& cores, int local_rank, std::optional<double> granted) {
  std::map<int, int> users;
  for (const std::vector<int>& each : cores) {
    for (const int core : each) {
      ++users[core];
    }
  }
  double share = 0;
  for (const int core : cores[static_cast<std::size_t>(local_rank)]) {
    share += 1.0 / users[core];
  }
  if (granted) {
    share = std::min(share, *granted / static_cast<double>(cores.size()));
  }
  constexpr double kRounding = 1e-6;  // three thirds are one core
  return std::max(1, static_cast<int>(std::floor(share + kRounding)));
}

int set_threads(const RunSettings& settings, Communicator& communicator) {
  const std::vector<std::vector<int>> of_host = cores_of_host(communicator);
  const std::size_t cores = of_host[static_cast<std::size_t>(communicator.local_rank())].size();
  if (const std::size_t most = kThreadsPerCore * cores; static_cast<std::size_t>(settings.threads) > most) {
    throw UserError(
        "train.threads={}: this rank may run on {} core{}, and more than {} threads would hold each other up; set "
        "fewer, or 0",
        settings.threads, cores, cores == 1 ? "" : "s", most);
  }
  int chosen = settings.threads > 0 ? settings.threads : threads_of_environment();
  if (chosen == 0) {
    chosen = fair_threads(of_host, communicator.local_rank(), granted_cores());
  }
  at::set_num_threads(chosen);
  return chosen;
}

}  // namespace samsr
