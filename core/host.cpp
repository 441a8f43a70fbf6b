#include "core/host.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <thread>

namespace samsr {

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string processor_name() {
  std::string name = "processor without a name";  // as some ARM kernels give none
  std::ifstream lines("/proc/cpuinfo");
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t colon = line.find(": "); line.starts_with("model name") && colon != std::string::npos) {
      name = line.substr(colon + 2);
      break;
    }
  }
  const unsigned cores = std::thread::hardware_concurrency();
  return fmt::format("{}, {} core{}", name, cores, cores == 1 ? "" : "s");
}

}  // namespace samsr
