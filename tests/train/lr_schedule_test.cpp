#include "train/step/lr_schedule.h"

#include <gtest/gtest.h>

namespace samsr {
namespace {

TEST(LearningRate, WarmsUpToTheFirstMilestoneAndHalvesAtTheOthers) {
  TrainSettings settings;
  settings.optimizer.lr = 1e-4;
  settings.milestones = {10, 100, 200};
  EXPECT_DOUBLE_EQ(learning_rate(settings.optimizer, settings, 1), 1e-5);
  EXPECT_DOUBLE_EQ(learning_rate(settings.optimizer, settings, 10), 1e-4);
  EXPECT_DOUBLE_EQ(learning_rate(settings.optimizer, settings, 99), 1e-4);
  EXPECT_DOUBLE_EQ(learning_rate(settings.optimizer, settings, 100), 5e-5);
  EXPECT_DOUBLE_EQ(learning_rate(settings.optimizer, settings, 200), 2.5e-5);
}

TEST(LearningRate, CosineEndsAtItsMinimum) {
  TrainSettings settings;
  settings.optimizer.lr = 1e-3;
  settings.optimizer.lr_min = 1e-5;
  settings.lr_schedule = "cosine";
  settings.milestones = {10};
  settings.steps = 110;
  EXPECT_DOUBLE_EQ(learning_rate(settings.optimizer, settings, 10), 1e-3);
  EXPECT_NEAR(learning_rate(settings.optimizer, settings, 60), (1e-3 + 1e-5) / 2, 1e-12);
  EXPECT_NEAR(learning_rate(settings.optimizer, settings, 110), 1e-5, 1e-12);
}

TEST(LearningRate, AConstantOneFollowsNoSchedule) {
  TrainSettings settings;
  settings.milestones = {10, 100};
  const OptimizerSettings constant{.lr = 3e-4, .constant_lr = true};
  for (const std::int64_t step : {1, 10, 1000}) {
    EXPECT_EQ(learning_rate(constant, settings, step), 3e-4);
  }
}

TEST(LearningRate, NoMilestonesNoWarmUp) {
  TrainSettings settings;
  settings.milestones = {};
  EXPECT_DOUBLE_EQ(learning_rate(settings.optimizer, settings, 1), settings.optimizer.lr);
}

}  // namespace
}  // namespace samsr
