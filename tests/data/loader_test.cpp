#include "data/shards/loader.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "core/error.h"
#include "data/shard_fixtures.h"
#include "data/shards/prefetcher.h"
#include "data/temporary_folder.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using testing::flip_byte;
using ::testing::HasSubstr;
using testing::message_of;
using testing::numbered_sample;
using testing::TemporaryFolder;
using testing::write_numbered_set;

constexpr std::uint64_t kSamples = 13;

class LoaderTest : public ::testing::Test {
 protected:
  LoaderTest() { write_numbered_set(folder_.path(), kSamples, 5); }
  const ShardSet& shards() {
    if (shards_ == nullptr) {
      shards_ = std::make_unique<ShardSet>(folder_.path());
    }
    return *shards_;
  }
  Loader loader(BatchFields fields = {}, LoaderSettings settings = {}) {
    return Loader(shards(), settings, 21, fields, log_);
  }

  TemporaryFolder folder_;
  std::ostringstream lines_;
  Log log_{lines_, 0, 1, false};
  std::unique_ptr<ShardSet> shards_;
};

void expect_equal(const Batch& a, const Batch& b) {
  EXPECT_EQ(a.sample, b.sample);
  EXPECT_EQ(a.position, b.position);
  EXPECT_TRUE(at::equal(a.lq, b.lq));
  EXPECT_TRUE(at::equal(a.z_0, b.z_0));
  EXPECT_TRUE(at::equal(a.z_y, b.z_y));
  EXPECT_TRUE(at::equal(a.coverage, b.coverage));
}

TEST_F(LoaderTest, GivesTheStoredSamplesInNetworkForm) {
  const Batch batch = loader({.latents = true, .hr = true}).load(3, 4);
  EXPECT_EQ(batch.lq.sizes(), (std::vector<std::int64_t>{4, 3, 6, 8}));
  EXPECT_EQ(batch.hr.sizes(), (std::vector<std::int64_t>{4, 3, 12, 16}));
  EXPECT_EQ(batch.coverage.sizes(), (std::vector<std::int64_t>{4, 1, 6, 8}));
  EXPECT_EQ(batch.z_0.sizes(), (std::vector<std::int64_t>{4, 5, 3, 4}));
  EXPECT_FALSE(batch.coverage_hr.defined());
  for (std::int64_t row = 0; row < 4; ++row) {
    const Sample sample = numbered_sample(batch.sample[static_cast<std::size_t>(row)]);
    const at::Tensor lr = sample.fields[1].second.permute({2, 0, 1}).to(at::kFloat).div(127.5).sub(1.0);
    EXPECT_TRUE(at::equal(batch.lq[row], lr));
    EXPECT_TRUE(at::equal(batch.hr[row], sample.fields[0].second.permute({2, 0, 1})));
    EXPECT_TRUE(at::equal(batch.coverage[row][0], sample.fields[2].second));
    EXPECT_TRUE(at::equal(batch.z_0[row], sample.fields[3].second.to(at::kFloat)));
    EXPECT_TRUE(at::equal(batch.z_y[row], sample.fields[4].second.to(at::kFloat)));
  }
}

TEST_F(LoaderTest, DrawsEverySampleOnceAnEpochInOrdersThatDiffer) {
  const Loader drawn = loader();
  std::vector<std::vector<std::uint64_t>> epochs;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    const Batch batch = drawn.load(epoch * kSamples, kSamples);
    EXPECT_EQ(std::set<std::uint64_t>(batch.sample.begin(), batch.sample.end()).size(), kSamples);
    epochs.push_back(batch.sample);
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(epochs[1], epochs[2]);
  LoaderSettings in_order;
  in_order.shuffle = false;
  EXPECT_THAT(loader({}, in_order).load(11, 4).sample, ::testing::ElementsAre(11, 12, 0, 1));
}

TEST_F(LoaderTest, SequenceDoesNotDependOnHowItIsCut) {
  const Loader drawn = loader();
  const Batch whole = drawn.load(7, 12);  // across the end of an epoch
  std::vector<std::uint64_t> pieces;
  for (std::uint64_t first = 7; first < 19; first += 3) {
    const Batch piece = drawn.load(first, 3);
    pieces.insert(pieces.end(), piece.sample.begin(), piece.sample.end());
    EXPECT_TRUE(at::equal(
        piece.lq, whole.lq.slice(0, static_cast<std::int64_t>(first) - 7, static_cast<std::int64_t>(first) - 4)));
  }
  EXPECT_EQ(pieces, whole.sample);
}

TEST_F(LoaderTest, ReplacesADamagedSampleAndCountsIt) {
  const Batch before = loader().load(0, kSamples);
  const std::uint64_t victim = before.sample[4];
  flip_byte(folder_ / ("shard-00000" + std::to_string(victim / 5) + ".h5"), "z_lr", victim % 5);
  const Loader drawn = loader();
  const Batch after = drawn.load(0, kSamples);
  EXPECT_EQ(after.sample[4], before.sample[5]);
  EXPECT_EQ(after.position, before.position);
  EXPECT_TRUE(at::equal(after.z_y[4], before.z_y[5]));
  EXPECT_TRUE(at::equal(after.lq[4], before.lq[5]));
  EXPECT_EQ(drawn.bad_samples(), 1U);
  drawn.load(0, kSamples);
  EXPECT_EQ(drawn.bad_samples(), 1U);
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr(shards().where(victim)), HasSubstr("checksum")));
}

TEST_F(LoaderTest, StopsWhenTooManyAreDamaged) {
  for (std::uint64_t i = 0; i < 3; ++i) {
    flip_byte(folder_ / "shard-000001.h5", "lr", i);
  }
  LoaderSettings settings;
  settings.max_bad = 2;
  const Loader drawn = loader({}, settings);
  EXPECT_THAT(message_of<UserError>([&] { drawn.load(0, kSamples); }),
              AllOf(HasSubstr("3 samples"), HasSubstr("data.max_bad=2")));
}

TEST_F(LoaderTest, SaysWhichFieldIsMissing) {
  EXPECT_THAT(message_of<UserError>([&] { loader({.coverage_hr = true}); }), HasSubstr("coverage_hr"));
  const TemporaryFolder& folder = folder_;
  write_numbered_set(folder / "plain", 4, 4, false);
  const ShardSet plain(folder / "plain");
  const Loader drawn(plain, {}, 1, {.latents = true, .hr = true}, log_);
  EXPECT_FALSE(drawn.has_latents());
  const Batch batch = drawn.load(0, 2);
  EXPECT_FALSE(batch.z_0.defined());
  EXPECT_TRUE(batch.hr.defined());
}

TEST_F(LoaderTest, GlobalBatchesDoNotDependOnTheRanks) {
  const Loader drawn = loader();
  for (std::uint64_t step = 0; step < 4; ++step) {
    const BatchSequence all = rank_batches(step, 6, 0, 1);
    const Batch whole = drawn.load(all.first, all.count);
    std::vector<std::uint64_t> shared;
    for (int rank = 0; rank < 3; ++rank) {
      const BatchSequence mine = rank_batches(step, 6, rank, 3);
      const Batch part = drawn.load(mine.first, mine.count);
      shared.insert(shared.end(), part.sample.begin(), part.sample.end());
    }
    EXPECT_EQ(shared, whole.sample);
  }
  EXPECT_THROW(rank_batches(0, 6, 0, 4), std::logic_error);
}

TEST_F(LoaderTest, PrefetcherKeepsTheOrderForAnyNumberOfThreads) {
  const Loader drawn = loader();
  for (const int threads : {1, 3}) {
    const BatchSequence sequence = rank_batches(2, 4, 1, 2);
    Prefetcher prefetcher(drawn, sequence, threads, 5);
    for (std::uint64_t i = 0; i < 20; ++i) {
      expect_equal(prefetcher.next(), drawn.load(sequence.first + i * sequence.stride, sequence.count));
    }
  }
}

TEST_F(LoaderTest, PrefetcherHandsErrorsOver) {
  for (std::uint64_t i = 0; i < 5; ++i) {
    flip_byte(folder_ / "shard-000000.h5", "lr", i);
  }
  LoaderSettings settings;
  settings.max_bad = 0;
  const Loader drawn = loader({}, settings);
  Prefetcher prefetcher(drawn, rank_batches(0, 13, 0, 1), 2, 3);
  EXPECT_THROW(prefetcher.next(), UserError);
}

}  // namespace
}  // namespace samsr
