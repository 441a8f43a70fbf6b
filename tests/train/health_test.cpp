// What the log says of a run's health: unusual losses, waiting for data.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "train/data_wait.h"
#include "train/loss_window.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

TEST(LossWindow, SaysHowManyDeviationsALossLiesAboveTheMean) {
  LossWindow window;
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(window.add(1));
    EXPECT_FALSE(window.add(3));
  }
  // Mean 2, and sqrt(8 / 7) of deviation.
  EXPECT_NEAR(window.add(5).value(), 3 / std::sqrt(8.0 / 7.0), 1e-12);
}

TEST(LossWindow, ForgetsOldLossesAndThoseThatAreNotFinite) {
  LossWindow window(8);
  for (int i = 0; i < 20; ++i) {
    window.add(100);
  }
  for (int i = 0; i < 4; ++i) {
    window.add(1);
    window.add(3);
  }
  EXPECT_FALSE(window.add(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_NEAR(window.add(2).value(), 0, 1e-12);
}

TEST(DataWait, NamesTheKnobWhenTrainingWaits) {
  LoaderSettings loader;
  loader.loader_threads = 3;
  DataWait wait;
  wait.add(31, 100);
  wait.add(31, 100);
  EXPECT_EQ(wait.steps(), 2);
  EXPECT_THAT(wait.verdict(loader), HasSubstr("data wait is 31 % of the step"));
  EXPECT_THAT(wait.verdict(loader), HasSubstr("data.loader_threads (now 3)"));
}

TEST(DataWait, SaysThatDataKeepsUp) {
  DataWait wait;
  wait.add(1, 100);
  EXPECT_THAT(wait.verdict({}), HasSubstr("data keeps up"));
}

}  // namespace
}  // namespace samsr
