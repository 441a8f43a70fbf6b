// The shape of the source tree: which way includes run, how long files are, how many entries a room has at its door.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <set>

#include "tree/source_tree.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t kMostLines = 450;
constexpr std::size_t kMostEntries = 12;

/// Files that a source includes with quotes.
std::vector<std::string> includes_of(const std::string& file) {
  static const std::regex include("^#include \"([^\"]+)\"");
  std::vector<std::string> found;
  for (const std::string& line : lines_of(file)) {
    std::smatch match;
    if (std::regex_search(line, match, include)) {
      found.push_back(match[1]);
    }
  }
  return found;
}

bool made_by_the_build(const std::string& header) { return header.starts_with("embedded/") || header == "commit.h"; }

TEST(Tree, IncludesRunDownTheOrderOfRooms) {
  for (const Room& room : rooms()) {
    const std::vector<std::string> files = files_below(room.name, {".h", ".cpp", ".cu", ".cuh"});
    ASSERT_FALSE(files.empty()) << room.name;
    for (const std::string& file : files) {
      for (const std::string& header : includes_of(file)) {
        const std::string from = header.substr(0, header.find('/'));
        const bool known = from == room.name || std::count(room.may_use.begin(), room.may_use.end(), from) > 0;
        // TensorBoard's generated header lies beside its source.
        EXPECT_TRUE(known || made_by_the_build(header) || header == "event.pb.h")
            << file << " includes " << header << ", but " << room.name << " may not use " << from;
      }
    }
  }
}

/// The folder at the door of its room that a file lies in; empty for a file at the door itself.
std::string part_of(const fs::path& file) {
  const auto second = std::next(file.begin());
  return std::next(second) == file.end() ? std::string() : second->string();
}

// Each folder can be read, and moved, by itself.
TEST(Tree, FoldersOfARoomUseEachOtherInOneDirection) {
  for (const Room& room : rooms()) {
    std::map<std::string, std::set<std::string>> uses;
    for (const std::string& file : files_below(room.name, {".h", ".cpp", ".cu", ".cuh"})) {
      for (const std::string& header : includes_of(file)) {
        const std::string from = part_of(file);
        if (!from.empty() && header.starts_with(room.name + "/") && !part_of(header).empty() &&
            part_of(header) != from) {
          uses[from].insert(part_of(header));
        }
      }
    }
    // A folder that uses none of those left is taken out, until none is left.
    const auto done = [&](const auto& each) {
      return std::none_of(each.second.begin(), each.second.end(),
                          [&](const auto& used) { return uses.contains(used); });
    };
    for (auto found = uses.begin(); (found = std::find_if(uses.begin(), uses.end(), done)) != uses.end();) {
      uses.erase(found);
    }
    std::string circle;
    for (const auto& [folder, used] : uses) {
      circle += " " + folder;
    }
    EXPECT_TRUE(uses.empty()) << room.name << ": these folders use each other in a circle:" << circle;
  }
}

TEST(Tree, EveryIncludedFileIsThere) {
  for (const Room& room : rooms()) {
    for (const std::string& file : files_below(room.name, {".h", ".cpp", ".cu", ".cuh"})) {
      for (const std::string& header : includes_of(file)) {
        EXPECT_TRUE(made_by_the_build(header) || header == "event.pb.h" || fs::exists(source_root() / header))
            << file << " includes " << header;
      }
    }
  }
}

TEST(Tree, EverySourceIsBuilt) {
  for (const Room& room : rooms()) {
    std::string lists;
    for (const std::string& list : files_below(room.name, {".txt"})) {
      for (const std::string& line : lines_of(list)) {
        lists += line + "\n";
      }
    }
    for (const std::string& file : files_below(room.name, {".cpp", ".cu"})) {
      const std::string name = fs::path(file).filename();
      EXPECT_TRUE(lists.find(name) != std::string::npos || name == "process_group_nccl.cpp")
          << file << " is in no CMakeLists.txt of " << room.name;
    }
  }
}

TEST(Tree, NoFileIsLong) {
  for (const char* folder : {"core", "comm", "degradation", "diffusion", "models", "segmentation", "data", "eval",
                             "train", "launch", "tests", "bench", "cmake"}) {
    for (const std::string& file : files_below(folder, {".h", ".cpp", ".cu", ".cuh", ".js", ".py", ".cmake", ".txt"})) {
      EXPECT_LE(lines_of(file).size(), kMostLines) << file;
    }
  }
}

TEST(Tree, RoomsHaveFewEntriesAtTheirDoor) {
  for (const char* room : {"train", "eval", "data", "models"}) {
    std::vector<std::string> entries;
    for (const auto& entry : fs::directory_iterator(source_root() / room)) {
      if (entry.path().filename() != "CMakeLists.txt") {
        entries.push_back(entry.path().filename());
      }
    }
    EXPECT_LE(entries.size(), kMostEntries) << room;
  }
}

TEST(Tree, IsFormatted) {
  // Other versions break lines elsewhere.
  if (std::system("clang-format --version 2>/dev/null | grep -q 'version 14\\.'") != 0) {
    GTEST_SKIP() << "no clang-format 14";
  }
  std::string files;
  for (const char* folder : {"core", "comm", "degradation", "diffusion", "models", "segmentation", "data", "eval",
                             "train", "launch", "tests", "bench"}) {
    for (const std::string& file : files_below(folder, {".h", ".cpp", ".cu", ".cuh"})) {
      files += " " + file;
    }
  }
  EXPECT_EQ(std::system(("cd " SAMSR_SOURCE " && clang-format --dry-run -Werror" + files).c_str()), 0)
      << "format with: git ls-files '*.h' '*.cpp' '*.cu' '*.cuh' | xargs clang-format -i";
}

}  // namespace
}  // namespace samsr::testing
