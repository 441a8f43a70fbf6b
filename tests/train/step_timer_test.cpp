#include "train/report/step_timer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace samsr {
namespace {
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Lt;

void wait_ms(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

TEST(StepTimer, ASpanInsideAnotherTakesItsTimeOutOfIt) {
  StepTimer timer(c10::Device(c10::kCPU));
  {
    const StepTimer::Span forward(&timer, StepPhase::kForward);
    wait_ms(20);
    {
      const StepTimer::Span rollout(&timer, StepPhase::kRollout);
      wait_ms(60);
    }
    wait_ms(20);
  }
  wait_ms(30);  // of no phase
  timer.end_step();
  const auto steps = timer.take();
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_THAT(steps[0][StepPhase::kForward], AllOf(Ge(40), Lt(60)));
  EXPECT_THAT(steps[0][StepPhase::kRollout], AllOf(Ge(60), Lt(80)));
  EXPECT_DOUBLE_EQ(steps[0].total(), steps[0][StepPhase::kForward] + steps[0][StepPhase::kRollout]);
  EXPECT_GE(steps[0].whole, steps[0].total() + 30);
}

TEST(StepTimer, KeepsStepsApartUntilTheyAreTaken) {
  StepTimer timer(c10::Device(c10::kCPU));
  for (const int ms : {10, 40}) {
    {
      const StepTimer::Span data(&timer, StepPhase::kDataWait);
      wait_ms(ms);
    }
    timer.end_step();
  }
  const auto steps = timer.take();
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_LT(steps[0][StepPhase::kDataWait], steps[1][StepPhase::kDataWait]);
  EXPECT_TRUE(timer.take().empty());
}

TEST(StepTimer, MovesTimeBetweenPhases) {
  StepTimer timer(c10::Device(c10::kCPU));
  {
    const StepTimer::Span backward(&timer, StepPhase::kBackward);
    wait_ms(20);
  }
  timer.move(StepPhase::kBackward, StepPhase::kExchange, 15);
  timer.end_step();
  const StepTimes step = timer.take().at(0);
  EXPECT_DOUBLE_EQ(step[StepPhase::kExchange], 15);
  EXPECT_THAT(step[StepPhase::kBackward], AllOf(Ge(5), Lt(20)));
}

}  // namespace
}  // namespace samsr
