#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"

namespace samsr::testing {

/// Message of the UserError that `action` throws, which has to be one line; "no error" when it throws none.
template <class Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const UserError& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    return error.what();
  }
  return "no error";
}

}  // namespace samsr::testing
