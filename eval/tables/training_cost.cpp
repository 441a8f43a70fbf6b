#include "eval/tables/training_cost.h"

#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json_entry.h"
#include "core/yaml_text.h"

namespace samsr {
namespace {

constexpr double kMillisecondsAnHour = 3.6e6;

double hours_of(const std::filesystem::path& log) {
  double milliseconds = 0;
  std::istringstream lines(read_file(log));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (nlohmann::json::accept(line)) {  // a run that was killed leaves half a line
      milliseconds += JsonEntry::parse(line, fmt::format("{}:{}", log.string(), number)).number("step_ms", 0.0);
    }
  }
  if (milliseconds <= 0) {
    throw UserError("{}: no step's time in it; name the folder of a run of `samsr train`", log.string());
  }
  return milliseconds / kMillisecondsAnHour;
}

/// The run says "node1 (4 ranks), node2 (4 ranks)", in one document for each start.
double processes_of(const std::filesystem::path& record) {
  std::string hosts;
  for (const YAML::Node& start : parse_yaml_documents(read_file(record), record.string())) {
    const YAML::Node value = start.IsMap() ? start["hosts"] : YAML::Node();
    hosts = value && value.IsScalar() ? value.Scalar() : hosts;
  }
  double ranks = 0;
  const std::regex count(R"(\((\d+) ranks?\))");
  for (std::sregex_iterator at(hosts.begin(), hosts.end(), count), end; at != end; ++at) {
    ranks += std::stod((*at)[1]);
  }
  if (ranks == 0) {
    throw UserError("{}: does not say how many ranks the run had", record.string());
  }
  return ranks;
}

}  // namespace

TrainingCost training_cost(const std::filesystem::path& run, const std::string& method) {
  return {method, hours_of(run / "metrics.jsonl"), processes_of(run / "run.yaml")};
}

}  // namespace samsr
