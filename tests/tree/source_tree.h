#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace samsr::testing {

/// The checkout that the tests were built from.
std::filesystem::path source_root();

/// Paths, relative to source_root(), of the files below `folder` with one of the extensions (".h"), sorted;
/// tests/golden and what hides behind a dot are left out.
std::vector<std::string> files_below(const std::string& folder, const std::vector<std::string>& extensions);

/// The lines of a file given relative to source_root().
std::vector<std::string> lines_of(const std::string& file);

/// The rooms, which are the top-level folders of C++ sources: each may include only itself and what `may_use` lists.
struct Room {
  std::string name;
  std::vector<std::string> may_use;
};
const std::vector<Room>& rooms();

}  // namespace samsr::testing
