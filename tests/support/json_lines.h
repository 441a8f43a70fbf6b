#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

namespace samsr::testing {

/// The lines of a file that has a JSON value in each, such as metrics.jsonl; none where there is no file. One that is
/// still being written, which does not end yet, is left out.
std::vector<nlohmann::json> read_json_lines(const std::filesystem::path& path);

}  // namespace samsr::testing
