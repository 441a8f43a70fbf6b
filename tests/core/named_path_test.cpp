#include "core/named_path.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace samsr {
namespace {

TEST(NamedPath, APathAloneIsCalledAsItsLastPart) {
  EXPECT_EQ(NamedPath::parse("runs/student/").name, "student");
  EXPECT_EQ(NamedPath::parse("runs/student/").path, "runs/student/");
  EXPECT_EQ(NamedPath::parse("SamSR_v1.pth").name, "SamSR_v1.pth");
}

TEST(NamedPath, TheNameStandsBeforeTheFirstEqualsSign) {
  EXPECT_EQ(NamedPath::parse("ours=runs/x").name, "ours");
  EXPECT_EQ(NamedPath::parse("ours=runs/x").path, "runs/x");
  EXPECT_EQ(NamedPath::parse("ours=runs/lr=1e-4").path, "runs/lr=1e-4");
}

TEST(NamedPath, AnEmptyNameOrPathIsAnError) {
  for (const char* argument : {"", "=runs/x", "ours="}) {
    EXPECT_THROW(NamedPath::parse(argument), UserError) << argument;
  }
}

}  // namespace
}  // namespace samsr
