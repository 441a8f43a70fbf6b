#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "launch/program.h"

namespace samsr::testing {
namespace {
using ::testing::HasSubstr;

TEST(SettingsVerb, SaysWhatSettingsAre) {
  const Outcome outcome = run(samsr("settings --config " SAMSR_SOURCE "/configs/embedded/student.yaml train.steps=7"));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("\n  recipe: samsr\n"));
  EXPECT_THAT(outcome.output, HasSubstr("\n  steps: 7\n"));
  EXPECT_THAT(outcome.output, HasSubstr("\n  type: space_to_depth\n"));
}

}  // namespace
}  // namespace samsr::testing
