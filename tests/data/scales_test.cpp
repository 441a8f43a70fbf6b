// One data set of several scales, as a flow map is trained on.

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/resize.h"
#include "data/build/build.h"
#include "data/build_fixtures.h"
#include "data/shards/loader.h"
#include "data/shards/shard_set.h"
#include "data/tools/verify.h"
#include "support/files.h"
#include "support/photographs.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using Shape = std::vector<std::int64_t>;

class Scales : public ::testing::Test {
 protected:
  Scales() { testing::write_drawn_photographs(folder_ / "photos", 4); }

  BuildSettings settings(const std::string& out, std::vector<std::int64_t> scales, int scale = 4) const {
    BuildSettings settings = testing::small_build(folder_ / "photos", folder_ / out);
    settings.data.scales = std::move(scales);
    settings.data.scale = scale;
    return settings;
  }
  void build(const BuildSettings& settings) {
    build_dataset(settings, testing::kUsualStages, "data:\n  test: true\n", *comm_, log_);
  }
  at::Tensor field(const ShardSet& set, std::uint64_t sample, const char* name) {
    const ShardField& stored = *set.place(sample).shard.find(name);
    at::Tensor tensor = at::empty(stored.shape, stored.type);
    EXPECT_TRUE(set.read(sample, name, tensor.data_ptr()));
    return tensor;
  }

  testing::TemporaryFolder folder_;
  std::ostringstream lines_;
  Log log_{lines_, 0, 1, false};
  std::unique_ptr<Communicator> comm_ = make_single_communicator();
};

TEST_F(Scales, TheShardsTakeThemInTurn) {
  build(settings("mixed", {4, 8}));
  build(settings("four", {}, 4));
  build(settings("eight", {}, 8));
  const ShardSet mixed(folder_ / "mixed");
  const ShardSet four(folder_ / "four");
  const ShardSet eight(folder_ / "eight");
  EXPECT_THAT(mixed.scales(), ElementsAre(4, 8));
  EXPECT_THAT(four.scales(), ElementsAre(4));
  ASSERT_EQ(mixed.shards().size(), 4U);
  for (std::uint64_t sample = 0; sample < mixed.size(); ++sample) {
    const ShardSet& same = sample / 3 % 2 == 0 ? four : eight;
    for (const char* name : {"hr", "lr", "coverage", "z_hr", "z_lr"}) {
      EXPECT_TRUE(field(mixed, sample, name).equal(field(same, sample, name))) << name << " of sample " << sample;
    }
  }
  verify_dataset(folder_ / "mixed", *comm_, log_);
}

TEST_F(Scales, EndWithTheSameBytesAfterAnInterruption) {
  build(settings("mixed", {4, 8, 2}));
  const auto expected = testing::contents(folder_ / "mixed");
  fs::remove(folder_ / "mixed" / "shard-000001.h5");
  fs::remove(folder_ / "mixed" / "shard-000002.h5");
  build(settings("mixed", {4, 8, 2}));
  EXPECT_EQ(testing::contents(folder_ / "mixed"), expected);
}

TEST_F(Scales, ABatchMixesThemAtTheSizeOfTheLatents) {
  build(settings("mixed", {2, 4, 8}));
  const ShardSet set(folder_ / "mixed");
  const Loader loader(set, {}, 3, {.hr = true, .coverage = false}, log_);
  const Batch batch = loader.load(0, 11);
  EXPECT_EQ(batch.lq.sizes(), (Shape{11, 3, 16, 16}));
  EXPECT_EQ(batch.z_0.sizes(), (Shape{11, 48, 16, 16}));
  for (std::int64_t row = 0; row < 11; ++row) {
    const std::uint64_t sample = batch.sample[static_cast<std::size_t>(row)];
    const at::Tensor lr = field(set, sample, "lr").permute({2, 0, 1}).to(at::kFloat).div(127.5).sub(1.0);
    EXPECT_EQ(lr.size(1), 64 / static_cast<std::int64_t>(set.place(sample).shard.header().scale));
    EXPECT_TRUE(batch.lq[row].equal(resize_bicubic(lr.unsqueeze(0), {16, 16})[0])) << sample;
  }
}

TEST_F(Scales, MasksOfSeveralFitIntoNoBatch) {
  build(settings("mixed", {4, 8}));
  const ShardSet set(folder_ / "mixed");
  EXPECT_THAT(error_of([&] { Loader(set, {}, 3, {}, log_); }), HasSubstr("shards of the scales 4, 8, and 'coverage'"));
}

TEST_F(Scales, WithoutLatentsThereIsNoSizeForThem) {
  BuildSettings plain = settings("mixed", {4, 8});
  plain.data.latents = false;
  build(plain);
  const ShardSet set(folder_ / "mixed");
  EXPECT_THAT(error_of([&] { Loader(set, {}, 3, {.coverage = false}, log_); }),
              HasSubstr("build them with data.latents=true"));
}

TEST_F(Scales, TheModelsOwnIsOneOfThem) {
  EXPECT_THAT(error_of([&] {
                settings("mixed", {2, 8}).data.check();
              }),
              HasSubstr("data.scale=4 is none of data.scales"));
  EXPECT_THAT(error_of([&] { settings("mixed", {4, 3}).data.check(); }), HasSubstr("multiples of data.scales=3"));
}

TEST_F(Scales, OthersAreAnotherDataSet) {
  build(settings("mixed", {4, 8}));
  BuildSettings other = settings("mixed", {8, 4});
  EXPECT_THAT(error_of([&] { build(other); }), HasSubstr("data.scales"));
}

}  // namespace
}  // namespace samsr
