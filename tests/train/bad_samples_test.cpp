#include "train/faults/bad_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(BadSamples, CountsEachOnceAndStopsAboveTheMost) {
  const std::unique_ptr<Communicator> alone = make_single_communicator();
  BadSamples bad("shards", 2);
  bad.add({7, 3}, *alone);
  bad.add({}, *alone);
  bad.add({3}, *alone);
  EXPECT_EQ(bad.count(), 2U);
  EXPECT_THAT(testing::error_of([&] { bad.add({8}, *alone); }),
              AllOf(HasSubstr("shards: 3 samples"), HasSubstr("data.max_bad=2")))
      << "three are more than two";
}

}  // namespace
}  // namespace samsr
