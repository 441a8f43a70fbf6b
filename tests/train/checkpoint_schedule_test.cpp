// When checkpoints are due, and how often they pay.

#include "train/checkpoints/checkpoint_schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/settings.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using Clock = CheckpointSchedule::Clock;
using ::testing::HasSubstr;

Clock::time_point at(double seconds) {
  return Clock::time_point() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

TrainSettings by_clock(CheckpointMinutes minutes) {
  TrainSettings settings;
  settings.checkpoint_every = 0;
  settings.checkpoint_minutes = minutes;
  return settings;
}

/// What a second of training takes with checkpoints and failures, without what a restart takes: Daly 2006, Eq. 20.
double dilation(double interval, double cost, double between_failures) {
  return between_failures * std::expm1((interval + cost) / between_failures) / interval;
}

TEST(BestCheckpointInterval, LosesLeast) {
  for (const double cost : {0.05, 1.0, 30.0, 300.0}) {
    for (const double between : {1800.0, 86400.0, 2e7}) {
      const double best = best_checkpoint_interval(cost, between);
      double least = HUGE_VAL;
      for (double factor = 0.5; factor < 2; factor *= 1.01) {
        least = std::min(least, dilation(best * factor, cost, between));
      }
      EXPECT_LE(dilation(best, cost, between) - 1, (least - 1) * 1.001) << cost << " s, " << between << " s";
    }
  }
  EXPECT_NEAR(best_checkpoint_interval(1, 1e8), std::sqrt(2e8), 1) << "Young's rule";
  EXPECT_EQ(best_checkpoint_interval(100, 20), 20) << "a checkpoint costs more than is lost";
}

TEST(CheckpointSchedule, CountsSteps) {
  TrainSettings settings;
  settings.checkpoint_every = 3;
  const CheckpointSchedule schedule(settings, 1);
  EXPECT_TRUE(schedule.due_after(6));
  EXPECT_FALSE(schedule.due_after(7));
  EXPECT_FALSE(schedule.due_at(at(1e9)));
  EXPECT_FALSE(schedule.interval());
  EXPECT_EQ(schedule.text(), "every 3 steps");
}

TEST(CheckpointSchedule, GoesByTheClockFromCheckpointToCheckpoint) {
  CheckpointSchedule schedule(by_clock({.number = 2}), 1);
  schedule.begin(at(50));
  EXPECT_FALSE(schedule.due_after(10'000));
  EXPECT_FALSE(schedule.due_at(at(169)));
  EXPECT_TRUE(schedule.due_at(at(170)));
  schedule.saved(at(175), at(176));
  EXPECT_FALSE(schedule.due_at(at(294)));
  EXPECT_TRUE(schedule.due_at(at(295)));
  EXPECT_EQ(schedule.text(), "every 2 minutes");
  EXPECT_EQ(schedule.news(), "");
}

TEST(CheckpointSchedule, DecidesByWhatACheckpointCosts) {
  TrainSettings settings = by_clock({.best = true});
  settings.hours_between_failures = 100;
  CheckpointSchedule schedule(settings, 4);
  EXPECT_EQ(schedule.text(), "as often as pays where one of 4 hosts fails every 25 h 00 min on average");
  schedule.begin(at(0));
  EXPECT_TRUE(schedule.due_at(at(60))) << "the first one tells the cost";
  for (int i = 0; i < 9; ++i) {
    schedule.step(1, false);
  }
  schedule.saved(at(60), at(60.5));
  EXPECT_EQ(schedule.news(), "") << "not before the steps beside it are done";
  for (int i = 0; i < 5; ++i) {
    schedule.step(1.3, true);
  }
  schedule.written(at(67));
  schedule.step(1, false);
  const double cost = 0.5 + 5 * 0.3;
  ASSERT_TRUE(schedule.interval());
  EXPECT_NEAR(*schedule.interval(), best_checkpoint_interval(cost, 25 * 3600), 1e-6);
  EXPECT_EQ(schedule.news(),
            "checkpoints: one costs 2.00 s of training, a failure is expected every 25 h 00 min: one every 9 min 59 s");
  EXPECT_EQ(schedule.news(), "") << "said once";
  ASSERT_TRUE(schedule.take_cost());
  EXPECT_FALSE(schedule.take_cost()) << "once";
  schedule.saved(at(700), at(706));
  schedule.step(1, false);
  EXPECT_NEAR(*schedule.interval(), best_checkpoint_interval((cost + 6) / 2, 25 * 3600), 1e-6) << "the mean of both";
}

TEST(CheckpointSchedule, IsNeverDueBeforeTheLastOneIsWritten) {
  TrainSettings settings = by_clock({.best = true});
  settings.hours_between_failures = 1e-3;
  CheckpointSchedule schedule(settings, 1);
  schedule.begin(at(0));
  schedule.saved(at(2), at(2));
  schedule.written(at(42));
  schedule.step(1, false);
  EXPECT_EQ(schedule.interval(), 40);
}

class CheckpointIntervalSettings : public ::testing::Test {
 protected:
  CheckpointIntervalSettings() { train_.bind(settings_, run_); }

  std::string refusal(const std::string& assignment) {
    return testing::error_of([&] { settings_.apply_override(assignment); });
  }
  std::string problem() {
    return testing::error_of([&] { train_.check(settings_); });
  }

  TrainSettings train_;
  RunSettings run_;
  Settings settings_;
};

TEST_F(CheckpointIntervalSettings, TheOneGivenLastDecides) {
  settings_.load_text("train: {checkpoint_minutes: 2.5}\n", "base.yaml");
  EXPECT_EQ(train_.checkpoint_every, 0) << "the default gives way";
  EXPECT_EQ(train_.checkpoint_minutes.number, 2.5);
  settings_.load_text("train: {checkpoint_every: 1000}\n", "x.yaml");
  EXPECT_EQ(train_.checkpoint_every, 1000);
  EXPECT_FALSE(train_.checkpoint_minutes.decide());
  settings_.apply_override("train.checkpoint_minutes=auto");
  EXPECT_EQ(train_.checkpoint_every, 0);
  EXPECT_TRUE(train_.checkpoint_minutes.best);
  train_.check(settings_);
  const std::string resolved = settings_.to_yaml();
  EXPECT_THAT(resolved, HasSubstr("checkpoint_every: 0\n  checkpoint_minutes: auto\n"));
  settings_.load_text(resolved, "resolved.yaml");
  EXPECT_TRUE(train_.checkpoint_minutes.best) << "a 0 is no choice";
  train_.check(settings_);
}

TEST_F(CheckpointIntervalSettings, BothInOnePlaceAreRefused) {
  settings_.load_text("train:\n  checkpoint_every: 3\n  checkpoint_minutes: 4\n", "x.yaml");
  EXPECT_EQ(problem(),
            "train.checkpoint_every (x.yaml:2) and train.checkpoint_minutes (x.yaml:3) exclude each other; give one of "
            "them");
  settings_.apply_override("train.checkpoint_every=5");
  train_.check(settings_);
  EXPECT_EQ(train_.checkpoint_every, 5);
  settings_.apply_override("train.checkpoint_minutes=auto");
  EXPECT_EQ(problem(),
            "train.checkpoint_every ('train.checkpoint_every=5') and train.checkpoint_minutes "
            "('train.checkpoint_minutes=auto') exclude each other; give one of them");
}

TEST_F(CheckpointIntervalSettings, ValuesAreChecked) {
  for (const char* wrong : {"often", "-1", "1e7"}) {
    EXPECT_THAT(refusal(std::string("train.checkpoint_minutes=") + wrong),
                HasSubstr("expected a number or auto (0 to 1000000)"));
  }
  EXPECT_THAT(refusal("train.checkpoint_every=-1"), HasSubstr("expected an integer (at least 0)"));
  settings_.apply_override("train.checkpoint_minutes=0");
  settings_.apply_override("train.checkpoint_every=0");
  EXPECT_THAT(problem(), HasSubstr("are both 0"));
}

}  // namespace
}  // namespace samsr
