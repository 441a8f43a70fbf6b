#include "core/user_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

/// With variables of its own.
class UserPath : public ::testing::Test {
 protected:
  UserPath() {
    ::setenv("HOME", "/home/me", 1);
    ::setenv("SAMSR_TEST_A", "/scratch/a", 1);
    ::setenv("SAMSR_TEST_EMPTY", "", 1);
    ::setenv("SAMSR_TEST_AGAIN", "~/x", 1);
    ::setenv("SAMSR_TEST_DOLLAR", "/x/$HOME", 1);
  }
  ~UserPath() override {
    if (home_.empty()) {
      ::unsetenv("HOME");
    } else {
      ::setenv("HOME", home_.c_str(), 1);
    }
  }

  static std::string refusal_of(const std::string& typed) {
    return testing::error_of([&] { user_path(typed); });
  }

 private:
  const std::string home_ = std::getenv("HOME") == nullptr ? "" : std::getenv("HOME");
};

TEST_F(UserPath, IsReadAsAShellWould) {
  EXPECT_EQ(user_path("~"), "/home/me");
  EXPECT_EQ(user_path("~/runs/a"), "/home/me/runs/a");
  EXPECT_EQ(user_path("$SAMSR_TEST_A/b"), "/scratch/a/b");
  EXPECT_EQ(user_path("${SAMSR_TEST_A}b"), "/scratch/ab");
  EXPECT_EQ(user_path("x$SAMSR_TEST_A$SAMSR_TEST_A"), "x/scratch/a/scratch/a");
  EXPECT_EQ(user_path("~root/x"), user_path("~root") + "/x");
  EXPECT_TRUE(user_path("~root").starts_with("/"));
}

TEST_F(UserPath, AllElseStays) {
  for (const char* typed : {"", "a~", "a/~/b", "./~", "cost$5", "a$", "$", "$$", "$ a", "Trip #2", "a: b", "*", "a\\b",
                            "'q'", "%", "caf\xe9", " a "}) {
    EXPECT_EQ(user_path(typed), typed);
  }
}

TEST_F(UserPath, WhatCannotBeReadIsRefusedWithAHint) {
  EXPECT_THAT(refusal_of("~nobody_of_this_name/x"), HasSubstr("write ./~nobody_of_this_name/x"));
  EXPECT_THAT(refusal_of(std::string("a\0b", 3)), HasSubstr("zero byte"));
  EXPECT_THAT(refusal_of("~+"), HasSubstr("write ./~+"));
  EXPECT_THAT(refusal_of("$SAMSR_TEST_NOT_SET/x"), HasSubstr("$SAMSR_TEST_NOT_SET is not set"));
  EXPECT_THAT(refusal_of("$SAMSR_TEST_EMPTY/x"), HasSubstr("$SAMSR_TEST_EMPTY is not set"));
  for (const char* typed : {"${HOME:-x}", "$(pwd)/x", "${}", "${HOME", "${1}"}) {
    EXPECT_THAT(refusal_of(typed), HasSubstr("only $NAME and ${NAME} are read")) << typed;
  }
  EXPECT_THAT(refusal_of("$SAMSR_TEST_AGAIN"), HasSubstr("write the path out"));
  EXPECT_THAT(refusal_of("$SAMSR_TEST_DOLLAR"), HasSubstr("write the path out"));
}

}  // namespace
}  // namespace samsr
