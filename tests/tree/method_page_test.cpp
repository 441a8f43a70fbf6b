// docs/method.md against the tree: every file, function, golden and test that its tables name is there.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "tree/source_tree.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;

struct Row {
  std::string what;  ///< its first cell
  std::vector<std::string> code;
  std::vector<std::string> golden;
  std::vector<std::string> tests;
};

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    cells.push_back(cell);
  }
  return cells;
}

/// What stands between backticks.
std::vector<std::string> names_in(const std::string& cell) {
  static const std::regex name("`([^`]+)`");
  std::vector<std::string> names;
  for (auto each = std::sregex_iterator(cell.begin(), cell.end(), name); each != std::sregex_iterator(); ++each) {
    names.push_back((*each)[1]);
  }
  return names;
}

/// The rows of the tables with the columns paper, equation, code, golden, test.
std::vector<Row> rows() {
  std::vector<Row> found;
  bool checked = false;
  for (const std::string& line : lines_of("docs/method.md")) {
    if (!line.starts_with("|")) {
      checked = false;
    } else if (line == "| paper | equation | code | golden | test |") {
      checked = true;
    } else if (checked && !line.starts_with("| ---")) {
      const std::vector<std::string> cells = cells_of(line);
      if (cells.size() != 5) {
        ADD_FAILURE() << "not five cells: " << line;
        continue;
      }
      found.push_back({cells[0], names_in(cells[2]), names_in(cells[3]), names_in(cells[4])});
    }
  }
  return found;
}

std::string text_of(const std::string& file) {
  std::string text;
  for (const std::string& line : lines_of(file)) {
    text += line + "\n";
  }
  return text;
}

/// Suite.Name of every test, with the names of suites that stand for others (using A = B).
std::set<std::string> all_tests() {
  static const std::regex test("\\bTEST(_F|_P)?\\(\\s*(\\w+),\\s*(\\w+)\\s*\\)");
  std::set<std::string> found;
  for (const std::string& file : files_below("tests", {".cpp"})) {
    const std::string text = text_of(file);
    for (auto each = std::sregex_iterator(text.begin(), text.end(), test); each != std::sregex_iterator(); ++each) {
      found.insert((*each)[2].str() + "." + (*each)[3].str());
    }
  }
  return found;
}

TEST(MethodPage, HasARowForEveryEquationOfThePaper) {
  std::string first_cells;
  for (const Row& row : rows()) {
    first_cells += row.what + "\n";
  }
  for (const char* equation : {"Eq. 1)", "Eq. 2)", "Eq. 3 ", "Eq. 4 ", "Eq. 5-6", "Eq. 7 ", "Eq. 8 ", "Eq. 9 ",
                               "Eq. 10 ", "Eq. 11-12", "Eq. 13 ", "Eq. 14 ", "lines 2-3", "lines 21-22"}) {
    EXPECT_NE(first_cells.find(equation), std::string::npos) << equation;
  }
}

TEST(MethodPage, NamesFilesAndFunctionsThatAreThere) {
  for (const Row& row : rows()) {
    EXPECT_FALSE(row.code.empty()) << row.what;
    std::string file;
    std::string text;
    for (const std::string& name : row.code) {
      if (name.find('/') != std::string::npos) {
        file = name;
        ASSERT_TRUE(fs::exists(source_root() / file)) << row.what << " names " << file;
        text = text_of(file);
      } else {
        EXPECT_NE(text.find(name), std::string::npos) << row.what << ": no " << name << " in " << file;
      }
    }
  }
}

TEST(MethodPage, NamesGoldensThatAreThere) {
  for (const Row& row : rows()) {
    for (const std::string& name : row.golden) {
      if (name.ends_with(".h5")) {
        EXPECT_TRUE(fs::exists(source_root() / "tests/golden" / name)) << row.what << " names " << name;
      }
    }
  }
}

TEST(MethodPage, NamesTestsThatAreThere) {
  const std::set<std::string> known = all_tests();
  for (const Row& row : rows()) {
    EXPECT_FALSE(row.tests.empty()) << row.what;
    for (const std::string& name : row.tests) {
      EXPECT_TRUE(known.contains(name)) << row.what << " names " << name;
    }
  }
}

}  // namespace
}  // namespace samsr::testing
