#include "core/running_process.h"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>

namespace samsr {
namespace {

/// Clock ticks at which a process started; empty when it does not run.
std::optional<std::uint64_t> start_of(std::uint64_t id) {
  std::ifstream file(fmt::format("/proc/{}/stat", id));
  std::string line;
  if (!std::getline(file, line)) {
    return std::nullopt;
  }
  // The second field is the name in brackets, which may hold spaces and brackets; the start is the 22nd.
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream rest(line.substr(name_end + 1));
  std::string state;
  rest >> state;
  std::string skipped;
  for (int field = 4; field < 22; ++field) {
    rest >> skipped;
  }
  std::uint64_t start = 0;
  rest >> start;
  return !rest || state == "Z" || state == "X" ? std::nullopt : std::optional(start);
}

}  // namespace

RunningProcess this_process() {
  const auto id = static_cast<std::uint64_t>(::getpid());
  return {id, start_of(id).value_or(0)};
}

bool is_running(const RunningProcess& process) {
  const auto start = start_of(process.id);
  return start && *start == process.start;
}

bool is_running(std::uint64_t id) { return start_of(id).has_value(); }

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace samsr
