#include "core/named_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/error.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(NamedPath, APathAloneIsCalledAsItsLastPart) {
  EXPECT_EQ(NamedPath::parse("runs/student/").name, "student");
  EXPECT_EQ(NamedPath::parse("runs/student/").path, "runs/student/");
  EXPECT_EQ(NamedPath::parse("SamSR_v1.pth").name, "SamSR_v1.pth");
  EXPECT_FALSE(NamedPath::parse("SamSR_v1.pth").name_given);
}

TEST(NamedPath, TheNameStandsBeforeTheFirstEqualsSign) {
  EXPECT_EQ(NamedPath::parse("ours=runs/x").name, "ours");
  EXPECT_TRUE(NamedPath::parse("ours=runs/x").name_given);
  EXPECT_EQ(NamedPath::parse("ours=runs/x").path, "runs/x");
  EXPECT_EQ(NamedPath::parse("ours=runs/lr=1e-4").path, "runs/lr=1e-4");
  EXPECT_EQ(NamedPath::parse("SinSR w/ LPIPS=x.pth").name, "SinSR w/ LPIPS");
}

TEST(NamedPath, AnEmptyNameOrPathIsAnError) {
  for (const char* argument : {"", "=runs/x", "ours="}) {
    EXPECT_THROW(NamedPath::parse(argument), UserError) << argument;
  }
}

TEST(NamedPath, AFolderIsCalledByItsNameHoweverItIsReached) {
  const std::string here = fs::current_path().filename().string();
  for (const char* path : {".", "./", "./.", "nowhere/.."}) {
    EXPECT_EQ(NamedPath::parse(path).name, here) << path;
  }
  EXPECT_EQ(NamedPath::parse("..").name, fs::current_path().parent_path().filename().string());
}

TEST(NamedPath, ANameThatLeadsElsewhereIsNoFoldersName) {
  for (const char* name : {"", ".", "..", "/", "a/b", "../a", "a/", "/a"}) {
    EXPECT_THAT(testing::error_of([&] { check_folder_name(name, "--model x"); }), HasSubstr("--model x: '")) << name;
  }
  for (const char* name : {"a", "...", ".a", "a..b", "m:0.1", "a b"}) {
    EXPECT_NO_THROW(check_folder_name(name, "--model x")) << name;
  }
}

TEST(NamedPath, TheHomeIsPutInBehindTheName) {
  EXPECT_EQ(NamedPath::parse("ours=~/x").path, std::string(std::getenv("HOME")) + "/x");
  EXPECT_THAT(testing::error_of([] { NamedPath::parse("ours=$SAMSR_NOT_SET/x"); }), HasSubstr("SAMSR_NOT_SET"));
}

/// In a folder of its own, since relative paths are looked up.
class PathsWithEqualsSigns : public ::testing::Test {
 protected:
  PathsWithEqualsSigns() { fs::current_path(folder_.path()); }
  ~PathsWithEqualsSigns() override { fs::current_path(before_); }

  const fs::path before_ = fs::current_path();
  const testing::TemporaryFolder folder_;
};

TEST_F(PathsWithEqualsSigns, WhatIsThereIsAPath) {
  for (const char* path : {"runs/lr=1e-4/out", "lr=1e-4", "a=b=c", "=x", "x=", "w/a=1.pth"}) {
    fs::create_directories(path);
    EXPECT_EQ(NamedPath::parse(path).path, path);
    EXPECT_EQ(NamedPath::parse(path).name, fs::path(path).filename());
    const std::string whole = fs::absolute(path).string();
    EXPECT_EQ(NamedPath::parse(whole).path, whole);
    EXPECT_EQ(NamedPath::parse("ours=" + whole).path, whole);
    EXPECT_EQ(NamedPath::parse("ours=" + whole).name, "ours");
  }
}

TEST_F(PathsWithEqualsSigns, AMisspeltOneIsNamedAsAWhole) {
  fs::create_directories("runs/lr=1e-4/out");
  EXPECT_EQ(NamedPath::parse("runs/lr=1e-4/ouy").path, "runs/lr=1e-4/ouy");
  EXPECT_EQ(NamedPath::parse("./lr=1e-4").path, "./lr=1e-4");
  EXPECT_EQ(NamedPath::parse("/nowhere/lr=1e-4").path, "/nowhere/lr=1e-4");
}

TEST_F(PathsWithEqualsSigns, WhereBothAreThereTheUserChooses) {
  fs::create_directories("lr=out");
  fs::create_directories("out");
  const std::string message = testing::error_of([] { NamedPath::parse("lr=out"); });
  const std::string absolute = fs::absolute("out").string();
  EXPECT_THAT(message, HasSubstr("write ./lr=out for the first, or lr=" + absolute + " for the second"));
  EXPECT_EQ(NamedPath::parse("./lr=out").path, "./lr=out");
  EXPECT_EQ(NamedPath::parse("lr=" + absolute).path, absolute);
  EXPECT_EQ(NamedPath::parse("lr=" + absolute).name, "lr");
}

}  // namespace
}  // namespace samsr
