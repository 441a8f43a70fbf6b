#pragma once
// Folders of photographs for tests to build data sets of.

#include <filesystem>
#include <vector>

namespace samsr::testing {

/// Writes the photographs that the golden files carry as PNGs into `folder`, and returns their paths.
std::vector<std::filesystem::path> write_golden_photographs(const std::filesystem::path& folder);

/// Writes `count` PNGs of 120 × 96 pixels and more, each with something to segment.
void write_drawn_photographs(const std::filesystem::path& folder, int count);

}  // namespace samsr::testing
