#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "data/settings.h"

namespace samsr::testing {

/// Writes `count` photographs of 120 × 96 pixels and more, each with something to segment.
void write_photographs(const std::filesystem::path& folder, int count);

/// Settings of a small data set: 64² pixels, 11 samples in shards of 3.
BuildSettings small_build(const std::filesystem::path& images, const std::filesystem::path& out);

/// Name → content of the files in `folder`.
std::map<std::string, std::string> contents(const std::filesystem::path& folder);

}  // namespace samsr::testing
