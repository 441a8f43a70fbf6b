#include "eval/tables/trained_run.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <regex>
#include <sstream>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/json_entry.h"
#include "core/yaml_text.h"

namespace samsr {
namespace {

constexpr double kMillisecondsASecond = 1e3;
constexpr double kMillisecondsAnHour = 3.6e6;

/// Hours, seconds of a step, and last step.
void read_steps(const std::filesystem::path& log, TrainedRun& run) {
  std::vector<double> milliseconds;
  double last = 0;
  std::istringstream lines(read_file(log));
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (nlohmann::json::accept(line)) {  // a run that was killed leaves half a line
      const JsonEntry entry = JsonEntry::parse(line, fmt::format("{}:{}", log.string(), number));
      if (const double taken = entry.number("step_ms", 0.0); taken > 0) {
        milliseconds.push_back(taken);
      }
      last = std::max(last, entry.number("step", 0.0));
    }
  }
  if (milliseconds.empty()) {
    throw UserError("{}: no step's time in it; name the folder of a run of `samsr train`", log.string());
  }
  run.hours = std::accumulate(milliseconds.begin(), milliseconds.end(), 0.0) / kMillisecondsAnHour;
  const auto middle = milliseconds.begin() + static_cast<std::ptrdiff_t>(milliseconds.size() / 2);
  std::ranges::nth_element(milliseconds, middle);
  run.step_seconds = *middle / kMillisecondsASecond;
  run.iterations = last;
}

/// The number at `path` of a run's settings; NaN where there is none.
double setting_of(YAML::Node node, std::initializer_list<const char*> path) {
  for (const char* key : path) {
    node.reset(node.IsMap() ? node[key] : YAML::Node());
    if (!node.IsDefined()) {
      break;
    }
  }
  double number = std::numeric_limits<double>::quiet_NaN();
  return node.IsDefined() && node.IsScalar() && YAML::convert<double>::decode(node, number)
             ? number
             : std::numeric_limits<double>::quiet_NaN();
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

TrainedRun read_trained_run(const std::filesystem::path& run, const std::string& method) {
  TrainedRun found;
  found.method = method;
  read_steps(run / "metrics.jsonl", found);
  found.processes = processes_of(run / "run.yaml");
  const YAML::Node config = parse_yaml(read_file(run / "config.yaml"), (run / "config.yaml").string());
  found.power = setting_of(config, {"diffusion", "schedule_kwargs", "power"});
  found.kappa = setting_of(config, {"diffusion", "kappa"});
  return found;
}

}  // namespace samsr
