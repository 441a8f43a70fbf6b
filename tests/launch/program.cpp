#include "launch/program.h"

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace samsr::testing {

Outcome run(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) {
    throw std::runtime_error("no shell");
  }
  Outcome outcome;
  std::array<char, 4096> buffer;
  for (std::size_t got; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    outcome.output.append(buffer.data(), got);
  }
  const int status = ::pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

std::string succeed(const std::string& command) {
  const Outcome outcome = run(command);
  if (outcome.status != 0) {
    throw std::runtime_error(command + "\nended with status " + std::to_string(outcome.status) + ":\n" +
                             outcome.output);
  }
  return outcome.output;
}

std::string samsr(const std::string& arguments) {
  return std::string("OMP_NUM_THREADS=1 " SAMSR_BINARY " ") + arguments;
}

std::string on_ranks(int ranks, const std::string& program, const std::string& arguments) {
  return "OMP_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun --oversubscribe --bind-to "
         "none -n " +
         std::to_string(ranks) + " " + program + " " + arguments;
}

std::string samsr_on(int ranks, const std::string& arguments) { return on_ranks(ranks, SAMSR_BINARY, arguments); }

}  // namespace samsr::testing
