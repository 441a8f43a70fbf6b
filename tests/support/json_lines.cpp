#include "support/json_lines.h"

#include <fstream>
#include <string>

namespace samsr::testing {

std::vector<nlohmann::json> read_json_lines(const std::filesystem::path& path) {
  std::ifstream lines(path);
  std::vector<nlohmann::json> found;
  for (std::string line; std::getline(lines, line) && !lines.eof();) {
    found.push_back(nlohmann::json::parse(line));
  }
  return found;
}

}  // namespace samsr::testing
