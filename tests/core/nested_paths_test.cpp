#include "core/nested_paths.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "core/field_text.h"
#include "support/temporary_folder.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

TEST(NestedPaths, AreKnownWhateverTheyAreCalled) {
  const testing::TemporaryFolder folder;
  fs::create_directories(folder / "a/b");
  fs::create_directories(folder / "ab");
  fs::create_directory_symlink(folder / "a", folder / "link");
  for (const char* inner : {"a", "a/", "a/b", "a/b/not/yet", "link", "link/b", "ab/../a/b", "./a/.", "link/x/../y"}) {
    EXPECT_TRUE(is_within(folder / inner, folder / "a")) << inner;
    EXPECT_TRUE(is_within(folder / inner, folder / "link/")) << inner;
  }
  for (const char* inner : {"ab", "ab/a", ".", "a/..", "not/yet", "a/b/../../ab"}) {
    EXPECT_FALSE(is_within(folder / inner, folder / "a")) << inner;
  }
  EXPECT_TRUE(is_within(folder.path(), "/"));
  EXPECT_TRUE(is_within("not/yet", "."));
  EXPECT_FALSE(is_within(".", "not/yet"));
  EXPECT_TRUE(is_within("", "."));
  EXPECT_TRUE(is_within("not/yet", ""));
  EXPECT_FALSE(is_within("", "not/yet"));
}

TEST(NestedPaths, ParentsOfLinksAreThoseOfWhereTheyLead) {
  const testing::TemporaryFolder folder;
  const fs::path base = fs::canonical(folder.path());
  fs::create_directories(base / "deep/er");
  fs::create_directory_symlink(base / "deep/er", base / "link");
  fs::create_directory_symlink("link", base / "chain");
  fs::create_directory_symlink("nowhere", base / "broken");
  const std::vector<std::pair<const char*, const char*>> cases{{"link/../photos", "deep/photos"},
                                                               {"chain/../photos", "deep/photos"},
                                                               {"link/./../photos", "deep/photos"},
                                                               {"link/x/../../photos", "deep/photos"},
                                                               {"link/../er/../../photos", "photos"},
                                                               {"deep/../photos", "photos"},
                                                               {"link/photos", "link/photos"},
                                                               {"link", "link"},
                                                               {"link/", "link/"},
                                                               {"link/.", "link/"},
                                                               {"deep/er/..", "deep/"},
                                                               {"not/../yet//x", "yet/x"},
                                                               {"broken/../x", "x"}};
  for (const auto& [path, expected] : cases) {
    EXPECT_EQ(absolute_path(base / path).string(), (base / expected).string()) << path;
  }
  EXPECT_EQ(absolute_path("/../a/..").string(), "/");
  EXPECT_EQ(absolute_path("x").string(), (fs::current_path() / "x").string());
  EXPECT_EQ(absolute_path("").string(), (fs::current_path() / "").string());
}

TEST(FieldText, GivesBackAnyBytesAndLeavesOutWhatWasCut) {
  const std::vector<std::string> fields{"a b\nc", "", "caf\xe9", "x=1"};
  const std::string text = join_fields(fields);
  EXPECT_EQ(split_fields(text), fields);
  EXPECT_EQ(split_fields(text.substr(0, text.size() - 1)), (std::vector<std::string>{"a b\nc", "", "caf\xe9"}));
  EXPECT_TRUE(split_fields("").empty());
}

TEST(FieldText, OneLineHasNoControlCharacters) {
  EXPECT_EQ(one_line("a\nb\t\x1b[2J\x7f caf\xc3\xa9 \xe9"), "a?b??[2J? caf\xc3\xa9 \xe9");
}

}  // namespace
}  // namespace samsr
