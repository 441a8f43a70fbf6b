#include "tree/source_tree.h"

#include <algorithm>
#include <fstream>

namespace samsr::testing {
namespace fs = std::filesystem;

fs::path source_root() { return SAMSR_SOURCE; }

std::vector<std::string> files_below(const std::string& folder, const std::vector<std::string>& extensions) {
  std::vector<std::string> found;
  for (auto entry = fs::recursive_directory_iterator(source_root() / folder); entry != fs::end(entry); ++entry) {
    const std::string path = fs::relative(entry->path(), source_root()).string();
    if (entry->path().filename().string().starts_with(".") || path == "tests/golden") {
      entry.disable_recursion_pending();
    } else if (std::count(extensions.begin(), extensions.end(), entry->path().extension().string()) > 0) {
      found.push_back(path);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream in(source_root() / file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
  }
  return lines;
}

const std::vector<Room>& rooms() {
  static const std::vector<Room> all{
      {"core", {}},
      {"comm", {"core"}},
      {"degradation", {"core"}},
      {"diffusion", {"core"}},
      {"models", {"core", "diffusion"}},
      {"segmentation", {"core", "degradation", "diffusion", "models"}},
      {"data", {"core", "comm", "degradation", "diffusion", "models", "segmentation"}},
      {"eval", {"core", "comm", "degradation", "diffusion", "models", "segmentation", "data"}},
      {"train", {"core", "comm", "degradation", "diffusion", "models", "segmentation", "data", "eval"}},
      {"launch", {"core", "comm", "degradation", "diffusion", "models", "segmentation", "data", "eval", "train"}}};
  return all;
}

}  // namespace samsr::testing
