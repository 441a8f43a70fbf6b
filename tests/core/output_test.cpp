#include "core/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/atomic_file.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Output, AnExtensionThatSaysAnotherFormatIsRefused) {
  for (const char* name : {"t.md", "a/T.MD", "t", "x.y/t"}) {
    EXPECT_NO_THROW(check_extension(name, {".md", ".txt"}, "Markdown")) << name;
  }
  for (const char* name : {"t.xlsx", "t.jpg", "t.md.gz"}) {
    EXPECT_THAT(testing::error_of([&] {
                  check_extension(name, {".md", ".txt"}, "Markdown");
                }),
                AllOf(HasSubstr(name), HasSubstr("Markdown is written"), HasSubstr(".md or .txt")));
  }
}

TEST(Output, APlaceIsLookedAtBeforeItIsMade) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "file", "x");
  EXPECT_NO_THROW(check_writable(folder / "not/yet/there", "out"));
  EXPECT_THAT(testing::error_of([&] { check_writable(folder / "file/below", "--out x"); }),
              AllOf(HasSubstr("--out x"), HasSubstr("is no folder")));
  EXPECT_THAT(testing::error_of([&] { check_writable("/proc/1/new", "--out x"); }), HasSubstr("--out x"));
  EXPECT_GT(free_bytes(folder / "not/yet", "out"), 0U);
  EXPECT_NO_THROW(check_writable("", "out")) << "the current folder";
}

TEST(Output, OfAFileItsFolderIsLookedAt) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "file", "x");
  for (const std::filesystem::path& file : {folder / "file", folder / "new.json", folder / "not/yet/new.json"}) {
    EXPECT_NO_THROW(check_file_writable(file, "--out x")) << file;
  }
  EXPECT_NO_THROW(check_file_writable("new.json", "--out x"));
  EXPECT_THAT(testing::error_of([&] { check_file_writable(folder / "file/x.json", "--out x"); }),
              AllOf(HasSubstr("--out x"), HasSubstr("is no folder")));
  EXPECT_THAT(testing::error_of([&] { check_file_writable(folder.path(), "--out x"); }),
              HasSubstr("--out x: is a folder"));
}

}  // namespace
}  // namespace samsr
