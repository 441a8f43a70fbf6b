#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "launch/program.h"

namespace samsr::testing {

/// A shell command line that is a mistake ends with status 2 and one line, which holds `expected`.
inline void expect_mistake(const std::string& command, const std::string& expected) {
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.status, 2) << command << "\n" << outcome.output;
  EXPECT_THAT(outcome.output, ::testing::HasSubstr(expected)) << command;
  EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
}

}  // namespace samsr::testing
