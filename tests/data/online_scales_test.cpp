// Pairs of several scales that are degraded while training, as a flow map is trained on.

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "core/resize.h"
#include "data/build/build.h"
#include "data/build_fixtures.h"
#include "data/online/degraded_photographs.h"
#include "data/online/degraded_shards.h"
#include "models/first_stage/first_stage.h"
#include "support/photographs.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using Shape = std::vector<std::int64_t>;

constexpr BatchFields kFlowMapFields{.latents = false, .hr = true, .coverage = false};
constexpr std::int64_t kCount = 24;

class OnlineScales : public ::testing::Test {
 protected:
  OnlineScales() {
    testing::write_drawn_photographs(folder_ / "photos", 4);
    BuildSettings stored = settings({8, 2});
    stored.data.scale = 2;
    stored.data.latents = false;
    BuildOptions pairs;
    pairs.stages = {"pairs"};
    build_dataset(stored, pairs, "config\n", *comm_, log_);
  }

  BuildSettings settings(std::vector<std::int64_t> scales, int scale = 4) const {
    BuildSettings settings = testing::small_build(folder_ / "photos", folder_ / "shards");
    settings.data.scales = std::move(scales);
    settings.data.scale = scale;
    return settings;
  }
  std::unique_ptr<const SampleSet> photographs(BuildSettings build) {
    build.data.out = folder_ / "run";
    return degraded_photographs(build, *comm_, log_);
  }
  std::unique_ptr<const SampleSet> shards(const BuildSettings& build) {
    return degraded_shards(folder_ / "shards", build, log_);
  }
  std::unique_ptr<const BatchSource> batches(const SampleSet& set, const BatchFields& fields = kFlowMapFields) {
    return set.batches({}, /*seed=*/21, fields, log_, {0, set.size()});
  }

  testing::TemporaryFolder folder_;
  std::ostringstream lines_;
  Log log_{lines_, 0, 1, false};
  std::unique_ptr<Communicator> comm_ = make_single_communicator();
};

TEST_F(OnlineScales, ABatchMixesThemByLotAtTheSizeOfTheLatents) {
  const BuildSettings mixed = settings({4, 8});
  const auto of = [&](bool shard, const BuildSettings& build) { return shard ? shards(build) : photographs(build); };
  for (const bool shard : {false, true}) {
    const auto set = of(shard, mixed);
    EXPECT_THAT(set->scales(), ElementsAre(4, 8));
    const Batch batch = batches(*set)->load(0, kCount);
    EXPECT_EQ(batch.lq.sizes(), (Shape{kCount, 3, 16, 16}));
    EXPECT_EQ(batch.enlarged.sizes(), batch.hr.sizes());
    const auto four_set = of(shard, settings({}, 4));
    const auto eight_set = of(shard, settings({}, 8));
    const Batch four = batches(*four_set)->load(0, kCount);
    const Batch eight = batches(*eight_set)->load(0, kCount);
    EXPECT_FALSE(four.enlarged.defined());
    std::multiset<int> met;
    for (std::int64_t row = 0; row < kCount; ++row) {
      const int scale = mixed.data.scale_at(static_cast<std::uint64_t>(row));
      met.insert(scale);
      const at::Tensor lr = (scale == 4 ? four : eight).lq.narrow(0, row, 1);
      EXPECT_TRUE(batch.lq[row].equal(resize_bicubic(lr, {16, 16})[0])) << row;
      EXPECT_TRUE(batch.enlarged[row].equal(enlarge_bicubic(lr, scale)[0])) << row;
      EXPECT_TRUE(batch.hr[row].equal((scale == 4 ? four : eight).hr[row])) << row;
    }
    EXPECT_GT(met.count(4), 6U);
    EXPECT_GT(met.count(8), 6U);
  }
}

TEST_F(OnlineScales, AreTheSameWhoeverLoadsThemAndWhenever) {
  const BuildSettings mixed = settings({4, 8});
  const auto of_photographs = photographs(mixed);
  const auto of_shards = shards(mixed);
  for (const SampleSet* set : {of_photographs.get(), of_shards.get()}) {
    const Batch whole = batches(*set)->load(0, kCount);
    const auto again = batches(*set);
    for (const std::int64_t first : {0, 5, 17}) {
      const Batch part = again->load(static_cast<std::uint64_t>(first), 7);
      const Batch expected = slice(whole, first, 7);
      EXPECT_TRUE(part.lq.equal(expected.lq)) << first;
      EXPECT_TRUE(part.enlarged.equal(expected.enlarged)) << first;
      EXPECT_TRUE(part.hr.equal(expected.hr)) << first;
    }
  }
}

TEST_F(OnlineScales, OtherScalesAreAnotherTraining) {
  for (const bool shard : {false, true}) {
    const auto checksums = [&](std::vector<std::int64_t> scales) {
      const BuildSettings build = settings(std::move(scales));
      return (shard ? shards(build) : photographs(build))->checksums(kFlowMapFields);
    };
    EXPECT_EQ(checksums({4, 8}), checksums({4, 8}));
    EXPECT_NE(checksums({4, 8}), checksums({8, 4}));
    EXPECT_NE(checksums({4, 8}), checksums({4, 2}));
  }
}

TEST_F(OnlineScales, WhatDoesNotFitIsSaid) {
  EXPECT_THAT(error_of([&] {
                batches(*photographs(settings({4, 8})), {.latents = false, .hr = true});
              }),
              HasSubstr("masks of several scales (data.scales) do not fit into one batch"));
  EXPECT_THAT(error_of([&] { shards(settings({4, 6})); }), HasSubstr("multiples of data.scale=6"));
  EXPECT_THAT(error_of([&] { photographs(settings({2, 8})); }), HasSubstr("data.scale=4 is none of data.scales"));
}

}  // namespace
}  // namespace samsr
