#pragma once
// The program under test, started as users start it.

#include <filesystem>
#include <string>

namespace samsr::testing {

/// What a command printed (both streams) and how it ended.
struct Outcome {
  int status = -1;
  std::string output;
};

/// Runs a shell command line.
Outcome run(const std::string& command);

/// Runs one that a test builds upon, and returns what it printed; throws when it fails.
std::string succeed(const std::string& command);

/// Command lines of the program under test, on one process or on `ranks` ranks of this machine, one thread
/// each.
std::string samsr(const std::string& arguments);
std::string samsr_on(int ranks, const std::string& arguments);
std::string on_ranks(int ranks, const std::string& program, const std::string& arguments);

// Command lines are put together of words and paths.
inline std::string operator+(const std::string& words, const std::filesystem::path& path) {
  return words + path.string();
}
inline std::string operator+(const std::filesystem::path& path, const std::string& words) {
  return path.string() + words;
}

}  // namespace samsr::testing
