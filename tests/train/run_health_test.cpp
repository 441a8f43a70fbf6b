// What the log says of a run's health: unusual losses, waiting for data.

#include "train/report/run_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "train/report/discriminator_health.h"

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

TEST(LogLine, SaysWhatIsHealthyAndWhatIsSlow) {
  StepMetrics metrics;
  metrics.losses = {{"loss", 0.0137449}, {"mse", 1}};
  metrics.gradient_norm = 0.3124;
  metrics.learning_rate = 5e-5;
  metrics.times.whole = 412.4;
  metrics.times[StepPhase::kExchange] = 12.3;
  metrics.data_wait_ms = 1.2;
  metrics.images_per_second = 155.31;
  metrics.memory_mb = 1940;
  EXPECT_EQ(log_line(metrics, 0.42),
            "loss 0.01374 (+0.4 sd)  |grad| 0.312  lr 5.00e-05  412 ms (data 1, exchange 12)  155.3 images/s  1.9 GB");
  EXPECT_THAT(log_line(metrics, std::nullopt), ::testing::StartsWith("loss 0.01374  |grad|"));
  metrics.gpu_memory_mb = 41'260;
  EXPECT_THAT(log_line(metrics, std::nullopt), ::testing::EndsWith("155.3 images/s  1.9 GB, GPU 41.3 GB"));
}

StepMetrics paced(const std::vector<double>& ms) {
  StepMetrics metrics;
  metrics.times.whole = 1000;
  metrics.slowest = slowest_rank(ms, {"a", "a", "b", "b"});
  return metrics;
}

TEST(RankPace, NamesTheRankThatTheOthersWaitForAndWhatItCosts) {
  const SlowestRank slowest = slowest_rank({300, 310, 290, 700}, {"a", "a", "b", "b"});
  EXPECT_EQ(slowest.rank, 3);
  EXPECT_EQ(slowest.host, "b");
  EXPECT_EQ(slowest.median_ms, 300);
  EXPECT_EQ(slowest.excess_ms(), 400);
  RankPace pace;
  for (int i = 0; i < 9; ++i) {
    pace.add(paced({300, 310, 290, 700}));
  }
  pace.add(paced({300, 320, 290, 310}));
  pace.add(StepMetrics());  // of one rank
  EXPECT_EQ(pace.steps(), 10);
  EXPECT_THAT(pace.verdict(), HasSubstr("rank 3 on host b is the slowest in 9 of 10 steps"));
  EXPECT_THAT(pace.verdict(), HasSubstr("takes 700 ms and that of half the ranks at most 300 ms"));
  EXPECT_THAT(pace.verdict(), HasSubstr("wait for 36 % of the step"));
}

TEST(RankPace, NamesNobodyWhereAnotherOneIsSlowEachTime) {
  RankPace pace;
  pace.add(paced({300, 310, 290, 700}));
  pace.add(paced({300, 310, 700, 290}));
  pace.add(paced({700, 310, 300, 290}));
  EXPECT_THAT(pace.verdict(), HasSubstr("another one each time"));
}

TEST(RankPace, SaysThatTheRanksKeepPace) {
  RankPace pace;
  pace.add(paced({300, 310, 290, 320}));
  EXPECT_THAT(pace.verdict(), HasSubstr("the ranks keep pace: waiting for the slowest is 2.0 % of the step"));
}

StepMetrics judged(double accuracy) {
  StepMetrics metrics;
  metrics.losses = {{"loss", 1},
                    {"discriminator_loss", 1.5},
                    {"discriminator_accuracy", accuracy},
                    {"discriminator_real", 0.414},
                    {"discriminator_fake", -0.38}};
  return metrics;
}

TEST(DiscriminatorHealth, IsInTheLogLine) {
  EXPECT_THAT(log_line(judged(0.742), std::nullopt), ::testing::EndsWith("  D 74 % (real +0.41, fake -0.38)"));
}

TEST(DiscriminatorHealth, JudgesTheStepsSinceItLastDid) {
  const auto verdict = [](DiscriminatorHealth& health, double accuracy) {
    for (int i = 0; i < 4; ++i) {
      health.add(judged(accuracy));
    }
    return health.verdict();
  };
  DiscriminatorHealth health;
  EXPECT_THAT(verdict(health, 0.51), ::testing::AllOf(HasSubstr("dead"), HasSubstr("51 % of its logits over 4 steps"),
                                                      HasSubstr("discriminator.lr")));
  EXPECT_EQ(health.steps(), 0);
  EXPECT_THAT(verdict(health, 0.98), ::testing::AllOf(HasSubstr("wins"), HasSubstr("lambda_adversarial")));
  EXPECT_THAT(verdict(health, 0.7), HasSubstr("in balance"));
  StepMetrics skipped = judged(std::numeric_limits<double>::quiet_NaN());
  health.add(skipped);
  skipped = judged(0.5);
  skipped.skipped = true;
  health.add(skipped);
  health.add(StepMetrics());
  EXPECT_EQ(health.steps(), 0);
}

TEST(DataWait, SaysThatDataKeepsUp) {
  DataWait wait;
  wait.add(1, 100);
  EXPECT_THAT(wait.verdict({}), HasSubstr("data keeps up"));
}

}  // namespace
}  // namespace samsr
