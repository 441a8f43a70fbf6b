#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace samsr::testing {

/// What a command printed (both streams) and how it ended.
struct Outcome {
  int status = -1;
  std::string output;
};

/// Runs a shell command line.
Outcome run(const std::string& command);

/// Command lines of the program under test, on one process or on `ranks` ranks of this machine, one thread
/// each.
std::string samsr(const std::string& arguments);
std::string samsr_on(int ranks, const std::string& arguments);
std::string on_ranks(int ranks, const std::string& program, const std::string& arguments);

/// A folder that is removed at the end.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& name);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path path() const { return path_; }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// Writes the photographs that the golden files carry as PNGs into `folder`, and returns their paths.
std::vector<std::filesystem::path> write_photographs(const std::filesystem::path& folder);

/// Name → content of each file in a folder; a folder in it has none.
std::map<std::string, std::string> contents(const std::filesystem::path& folder);

/// The lines of the metrics.jsonl of a run's folder; one that is still being written is left out.
std::vector<nlohmann::json> metrics_of(const std::filesystem::path& folder);

/// Settings of networks and data small enough for tests, as overrides for the command line.
extern const char* const kTinySettings;

/// Builds FOLDER/shards by kTinySettings and `more` from photographs that it writes to FOLDER/photographs.
Outcome build_shards(const TemporaryFolder& folder, const std::string& more = {});

}  // namespace samsr::testing
