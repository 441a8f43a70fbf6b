#include "train/faults/bad_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

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
  try {
    bad.add({8}, *alone);
    FAIL() << "three are more than two";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("shards: 3 samples"), HasSubstr("data.max_bad=2")));
  }
}

}  // namespace
}  // namespace samsr
