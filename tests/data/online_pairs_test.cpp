// Pairs that are degraded while training: from photographs, and from the HR images of shards.

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "core/error.h"
#include "data/build/build.h"
#include "data/build_fixtures.h"
#include "data/online/degraded_photographs.h"
#include "data/online/degraded_shards.h"
#include "data/shards/loader.h"
#include "data/shards/manifest.h"
#include "data/shards/prefetcher.h"
#include "data/shards/shard_writer.h"
#include "support/files.h"
#include "support/photographs.h"
#include "support/shards.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using testing::small_build;

constexpr BatchFields kPairFields{.latents = false, .hr = true};

class OnlinePairs : public ::testing::Test {
 protected:
  OnlinePairs() {
    testing::write_drawn_photographs(folder_ / "photos", 4);
    BuildSettings stored = settings();
    stored.data.latents = false;
    build_dataset(stored, testing::kUsualStages, "config\n", *comm_, log_);
  }

  BuildSettings settings() const { return small_build(folder_ / "photos", folder_ / "shards"); }
  std::unique_ptr<const SampleSet> photographs(const BuildSettings& build) {
    BuildSettings run = build;
    run.data.out = folder_ / "run";
    return degraded_photographs(run, *comm_, log_);
  }
  std::unique_ptr<const SampleSet> shards(const BuildSettings& build) {
    return degraded_shards(folder_ / "shards", build, log_);
  }
  std::unique_ptr<const BatchSource> batches(const SampleSet& set, const BatchFields& fields = kPairFields,
                                             const LoaderSettings& loader = {}) {
    return set.batches(loader, /*seed=*/21, fields, log_, {0, set.size()});
  }

  /// A data set of one shard whose masks are Segment Anything's, so it says.
  fs::path sam_shards() {
    const fs::path folder = folder_.folder("sam");
    const auto sample = [](std::int64_t number) {
      Sample made;
      made.fields = {{"hr", at::full({64, 64, 3}, 20 * number, at::kByte)},
                     {"lr", at::zeros({16, 16, 3}, at::kByte)},
                     {"coverage", at::full({16, 16}, 100, at::kByte)},
                     {"coverage_hr", at::full({16, 16}, number, at::kByte)}};
      return made;
    };
    const fs::path path = folder / shard_name(0);
    ShardWriter writer(path,
                       {.config = "",
                        .content = "[pairs]\n[masks]\nmasks.source: sam\n",
                        .seed = 1,
                        .first_index = 0,
                        .scale = 4,
                        .tool = "test"},
                       sample(0), 5);
    for (std::int64_t i = 0; i < 5; ++i) {
      writer.append(sample(i));
    }
    writer.finish();
    write_manifest(folder, {.shards = {describe_shard(Shard(path))}});
    return folder;
  }

  testing::TemporaryFolder folder_;
  std::ostringstream lines_;
  Log log_{lines_, 0, 1, false};
  std::unique_ptr<Communicator> comm_ = make_single_communicator();
};

void expect_same_pairs(const Batch& a, const Batch& b) {
  EXPECT_TRUE(at::equal(a.lq, b.lq));
  EXPECT_TRUE(at::equal(a.hr, b.hr));
  EXPECT_TRUE(at::equal(a.coverage, b.coverage));
}

TEST_F(OnlinePairs, OfPhotographsAreTheSamplesOfABuild) {
  const ShardSet stored(folder_ / "shards");
  const Batch expected = Loader(stored, {.shuffle = false}, 1, kPairFields, log_).load(0, 11);
  const auto set = photographs(settings());
  EXPECT_EQ(set->size(), 4U) << "of an epoch: the photographs";
  const Batch made = batches(*set)->load(0, 11);
  expect_same_pairs(made, expected);
  EXPECT_GT(made.coverage.max().item<int>(), 0);
  EXPECT_EQ(made.position, made.sample);
  EXPECT_EQ(made.position.back(), 10U);
  EXPECT_FALSE(made.z_0.defined());
}

TEST_F(OnlinePairs, AreTheSameForAnyRanksAndThreads) {
  const auto of_photographs = photographs(settings());
  const auto of_shards = shards(settings());
  for (const SampleSet* set : {of_photographs.get(), of_shards.get()}) {
    const auto source = batches(*set, kPairFields, {.loader_threads = 3});
    const Batch whole = source->load(5, 12);
    for (const int ranks : {1, 2}) {
      for (const int threads : {1, 2, 3}) {
        for (int rank = 0; rank < ranks; ++rank) {
          const std::int64_t count = 4 / ranks;
          Prefetcher ahead(*source, {5 + static_cast<std::uint64_t>(rank * count), 4, count}, threads, 3);
          for (std::int64_t step = 0; step < 3; ++step) {
            const Batch batch = ahead.next();
            const Batch expected = slice(whole, 4 * step + rank * count, count);
            expect_same_pairs(batch, expected);
            EXPECT_EQ(batch.position, expected.position);
            EXPECT_EQ(batch.sample, expected.sample);
          }
        }
      }
    }
  }
}

TEST_F(OnlinePairs, OfShardsAreFreshInEveryEpochAndOfTheSameImages) {
  const auto set = shards(settings());
  const std::uint64_t size = set->size();
  EXPECT_EQ(size, 11U);
  const auto source = batches(*set, kPairFields, {.shuffle = false});
  const ShardSet stored(folder_ / "shards");
  const Batch cached = Loader(stored, {.shuffle = false}, 21, kPairFields, log_).load(0, 11);
  std::set<std::string> seen;
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    const Batch batch = source->load(epoch * size, 11);
    EXPECT_EQ(batch.sample, cached.sample);
    EXPECT_TRUE(at::equal(batch.hr, cached.hr));
    for (std::int64_t row = 0; row < 11; ++row) {
      const at::Tensor lq = batch.lq[row].contiguous();
      EXPECT_TRUE(seen.emplace(static_cast<const char*>(lq.const_data_ptr()), lq.nbytes()).second) << row;
      // Of the same picture all the same: it is closer to its own HR image than a flat one is.
      const at::Tensor shrunk = at::avg_pool2d(batch.hr[row].to(at::kFloat).div(127.5).sub(1), {4, 4});
      EXPECT_LT((lq - shrunk).abs().mean().item<float>(), (shrunk - shrunk.mean()).abs().mean().item<float>()) << row;
    }
  }
  BuildSettings seeded = settings();
  seeded.data.seed = 6;
  const Batch other = batches(*shards(seeded), kPairFields, {.shuffle = false})->load(0, 11);
  EXPECT_FALSE(at::equal(other.lq, source->load(0, 11).lq)) << "data.seed";
}

TEST_F(OnlinePairs, OfPhotographsAreFreshInEveryEpoch) {
  const auto set = photographs(settings());
  const auto source = batches(*set);
  std::set<std::string> crops;
  std::set<std::string> names;
  for (std::uint64_t position = 0; position < 12; ++position) {
    const at::Tensor hr = source->load(position, 1).hr.contiguous();
    crops.emplace(static_cast<const char*>(hr.const_data_ptr()), hr.nbytes());
    names.insert(set->where(position));
  }
  EXPECT_EQ(crops.size(), 12U);
  EXPECT_EQ(names.size(), 4U);
}

TEST_F(OnlinePairs, TakeSegmentAnythingsMasksOfHrImagesWhereTheShardsHaveThem) {
  BuildSettings sam = settings();
  sam.masks.source = "sam";
  const auto set = degraded_shards(sam_shards(), sam, log_);
  const Batch batch = batches(*set)->load(0, 10);
  for (std::int64_t row = 0; row < 10; ++row) {
    EXPECT_TRUE((batch.coverage[row] == static_cast<std::int64_t>(batch.sample[static_cast<std::size_t>(row)]))
                    .all()
                    .item<bool>());
  }
  EXPECT_FALSE(batch.coverage_hr.defined());
  EXPECT_THAT(set->facts(kPairFields, 5).back().second, HasSubstr("not of the fresh LR images as SAMSR Eq. 3"));

  EXPECT_THAT(error_of([&] { batches(*shards(sam)); }),
              AllOf(HasSubstr("no coverage_hr of its masks"), HasSubstr("masks.source=graph")));
  EXPECT_THAT(error_of([&] { batches(*photographs(sam)); }), HasSubstr("too slow for the loader's threads"));
  EXPECT_NO_THROW(batches(*photographs(sam), {.latents = false, .coverage = false})) << "nobody looks at masks";
  sam.masks.picture = "latent";
  EXPECT_THAT(error_of([&] { batches(*degraded_shards(folder_ / "sam", sam, log_)); }),
              HasSubstr("masks of this run are those of latents"));
  EXPECT_THAT(error_of([&] { batches(*photographs(sam)); }), HasSubstr("masks of this run are those of latents"));
}

TEST_F(OnlinePairs, CarryNothingThatNoThreadCanMake) {
  const auto set = shards(settings());
  EXPECT_THAT(error_of([&] { batches(*set, {.rollout = true}); }), HasSubstr("rollouts of a teacher"));
  EXPECT_THAT(error_of([&] { batches(*set, {.coverage_hr = true}); }), HasSubstr("HR images' coverage"));
  EXPECT_THAT(error_of([&] { batches(*photographs(settings()), kPairFields, {.shuffle = false}); }),
              HasSubstr("data.shuffle=false"));
  EXPECT_EQ(set->find("z_hr"), nullptr);
  EXPECT_EQ(set->find("rollout/x0"), nullptr);
  testing::write_numbered_set(folder_ / "flat", 3, 3);
  EXPECT_THAT(error_of([&] { degraded_shards(folder_ / "flat", settings(), log_); }), HasSubstr("square HR images"));
}

TEST_F(OnlinePairs, LeaveOutDamagedImagesAsTheLoaderDoes) {
  const auto set = shards(settings());
  const auto source = batches(*set, kPairFields, {.shuffle = false});
  const Batch before = source->load(0, 4);
  testing::flip_byte(folder_ / "shards/shard-000000.h5", "lr", 1);
  expect_same_pairs(source->load(0, 4), before);  // a field that is not read
  testing::flip_byte(folder_ / "shards/shard-000000.h5", "hr", 1);
  const Batch after = source->load(0, 4);
  EXPECT_THAT(after.bad, ::testing::ElementsAre(1));
  EXPECT_THAT(after.sample, ::testing::ElementsAre(0, 2, 2, 3));
  EXPECT_THAT(lines_.str(), HasSubstr("shard-000000.h5 sample 1 fails its checksum"));
}

TEST_F(OnlinePairs, KeepTheRunsFilesApartFromThePhotographs) {
  BuildSettings inside = settings();
  inside.data.out = folder_ / "photos/run";
  EXPECT_THAT(error_of([&] { degraded_photographs(inside, *comm_, log_); }),
              HasSubstr("lies in that of the photographs"));
  testing::write_text(folder_.folder("run") / "photographs.index", "somebody else's");
  EXPECT_THAT(error_of([&] { photographs(settings()); }), HasSubstr("was not made by samsr"));
}

TEST_F(OnlinePairs, SayWhenAPhotographHasChanged) {
  const auto set = photographs(settings());
  const auto source = batches(*set);
  testing::write_text(folder_ / "photos" / set->where(2), "no longer a photograph");
  EXPECT_NO_THROW(source->load(0, 2));
  EXPECT_THAT(error_of([&] { source->load(0, 4); }), HasSubstr("has changed"));
}

TEST_F(OnlinePairs, TellTrainingsApartByWhatTheyDependOn) {
  BuildSettings other = settings();
  other.degradation.first.noise_range = {1, 2};
  EXPECT_EQ(shards(settings())->checksums(kPairFields), shards(settings())->checksums(kPairFields));
  EXPECT_NE(shards(settings())->checksums(kPairFields), shards(other)->checksums(kPairFields));
  EXPECT_THAT(lines_.str(), HasSubstr("which is not that of the pairs in"));
  EXPECT_NE(photographs(settings())->checksums(kPairFields), photographs(other)->checksums(kPairFields));
  BuildSettings masks = settings();
  masks.masks.graph_sigma = 0.5;
  EXPECT_NE(photographs(settings())->checksums(kPairFields), photographs(masks)->checksums(kPairFields));
  EXPECT_EQ(photographs(settings())->checksums({.coverage = false}),
            photographs(masks)->checksums({.coverage = false}));
}

TEST_F(OnlinePairs, SharpenAnImageOnce) {
  BuildSettings sharp = settings();
  sharp.degradation.use_sharp = "true";
  sharp.degradation.kind = "bicubic";
  sharp.data.out = folder_ / "sharp";
  sharp.data.latents = false;
  build_dataset(sharp, testing::kUsualStages, "config\n", *comm_, log_);
  const ShardSet stored(folder_ / "sharp");
  const Batch cached = Loader(stored, {.shuffle = false}, 21, kPairFields, log_).load(0, 11);
  const auto fresh = degraded_shards(folder_ / "sharp", sharp, log_);
  EXPECT_TRUE(at::equal(batches(*fresh, kPairFields, {.shuffle = false})->load(0, 11).hr, cached.hr));
}

}  // namespace
}  // namespace samsr
