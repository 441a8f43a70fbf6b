#include "data/shards/loader.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "core/error.h"
#include "data/shards/manifest.h"
#include "data/shards/prefetcher.h"
#include "data/shards/shard_writer.h"
#include "support/files.h"
#include "support/shards.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using testing::error_of;
using testing::flip_byte;
using ::testing::HasSubstr;
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
    EXPECT_TRUE(at::equal(batch.z_0[row], sample.fields[3].second));
    EXPECT_TRUE(at::equal(batch.z_y[row], sample.fields[4].second));
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

TEST_F(LoaderTest, KeepsToItsRange) {
  const SampleRange range{4, 6};
  const Loader part(shards(), {}, 21, {}, log_, range);
  EXPECT_EQ(part.samples(), 6U);
  const Batch two_epochs = part.load(0, 12);
  std::map<std::uint64_t, int> drawn;
  for (const std::uint64_t sample : two_epochs.sample) {
    ++drawn[sample];
  }
  EXPECT_THAT(drawn, ::testing::ElementsAre(std::pair(4, 2), std::pair(5, 2), std::pair(6, 2), std::pair(7, 2),
                                            std::pair(8, 2), std::pair(9, 2)));
  EXPECT_THROW(Loader(shards(), {}, 21, {}, log_, {8, 6}), c10::Error);
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

TEST_F(LoaderTest, ReplacesADamagedSampleAndNamesIt) {
  const Batch before = loader().load(0, kSamples);
  const std::uint64_t victim = before.sample[4];
  flip_byte(folder_ / ("shard-00000" + std::to_string(victim / 5) + ".h5"), "z_lr", victim % 5);
  const Loader drawn = loader();
  const Batch after = drawn.load(0, kSamples);
  EXPECT_EQ(after.sample[4], before.sample[5]);
  EXPECT_EQ(after.position, before.position);
  EXPECT_TRUE(at::equal(after.z_y[4], before.z_y[5]));
  EXPECT_TRUE(at::equal(after.lq[4], before.lq[5]));
  EXPECT_THAT(after.bad, ::testing::ElementsAre(victim));
  drawn.load(0, kSamples);
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr(shards().where(victim)), HasSubstr("checksum")));
  const std::string lines = lines_.str();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1) << lines;
}

/// Replaces number `at` of a sample's half field, and the checksum with it.
void set_half(const std::filesystem::path& shard, const std::string& field, std::uint64_t sample, std::size_t at,
              std::uint16_t bits) {
  const Shard layout(shard);
  const ShardField& place = *layout.find(field);
  std::string file = read_file(shard);
  const std::size_t begin = place.offset + sample * place.bytes;
  const auto checksum = [&] {
    const std::uint32_t crc = crc32c(file.data() + begin, place.bytes);
    return std::string(reinterpret_cast<const char*>(&crc), sizeof crc);
  };
  const std::string before = checksum();
  file.replace(begin + 2 * at, 2, reinterpret_cast<const char*>(&bits), 2);
  const std::size_t stored = file.find(before);
  ASSERT_NE(stored, std::string::npos);
  file.replace(stored, before.size(), checksum());
  testing::write_text(shard, file);
}

TEST_F(LoaderTest, NamesALatentThatIsNotFinite) {
  // Latents that no other sample of the shard has, so that their checksum stands once in it.
  const std::filesystem::path shard = folder_ / "shard-000001.h5";
  set_half(shard, "z_lr", 0, 17, 0x7e00);
  const auto load = [&](BatchFields fields) {
    return error_of([&] { loader(fields, {.shuffle = false}).load(5, 5); });
  };
  EXPECT_EQ(load({}),
            folder_.path().string() +
                ": shard-000001.h5 sample 0: 'z_lr' holds 1 value that is not finite (first: NaN at 17); build "
                "stage latents anew, with weights that are sound");
  EXPECT_EQ(load({.latents = false}), "no error") << "they are not read";
  set_half(shard, "z_lr", 0, 17, 0x3c00);
  set_half(shard, "z_hr", 4, 0, 0x7c00);
  EXPECT_THAT(load({}), HasSubstr("sample 4: 'z_hr' holds 1 value that is not finite (first: infinity at 0)"));
  set_half(shard, "z_hr", 4, 0, 0xfbff);
  EXPECT_EQ(load({}), "no error") << "-65504 is a number";
}

TEST_F(LoaderTest, ALatentThatIsNotFiniteIsNotWritten) {
  for (const double value : {std::nan(""), HUGE_VAL, 1e9}) {
    Sample sample = numbered_sample(0);
    sample.fields[3].second = sample.fields[3].second.clone().to(at::kFloat).fill_(value).to(at::kHalf);
    ShardWriter writer(folder_ / "new.h5", shards().header(), sample, 1);
    EXPECT_THAT(error_of([&] { writer.append(sample); }), HasSubstr("'z_hr' of sample 0 would hold 60 values"));
  }
}

TEST_F(LoaderTest, SaysThatNoSampleIsWhole) {
  for (std::uint64_t i = 0; i < kSamples; ++i) {
    flip_byte(folder_ / ("shard-00000" + std::to_string(i / 5) + ".h5"), "lr", i % 5);
  }
  const Loader drawn = loader();
  EXPECT_THAT(error_of([&] { drawn.load(3, 1); }), HasSubstr("every sample fails its checksum"));
}

TEST_F(LoaderTest, SaysThatAShardIsGoneOrCutShort) {
  const Loader drawn = loader({}, {.shuffle = false});
  std::filesystem::remove(folder_ / "shard-000001.h5");
  EXPECT_THAT(error_of([&] { drawn.load(5, 1); }),
              AllOf(HasSubstr("shard-000001.h5"), HasSubstr("No such file"), HasSubstr("restore it")));
  std::filesystem::resize_file(folder_ / "shard-000002.h5", 4096);
  EXPECT_THAT(error_of([&] { drawn.load(10, 1); }),
              AllOf(HasSubstr("shard-000002.h5"), HasSubstr("the file ends there"), HasSubstr("restore it")));
}

constexpr std::int64_t kRollouts = 3;

/// Rollout k of sample i: all values i + k/4, from the seed 100 i + k.
void write_set_with_rollouts(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const auto with_rollouts = [](std::uint64_t index) {
    Sample sample = numbered_sample(index);
    const at::Tensor k = at::arange(kRollouts, at::kFloat);
    const at::Tensor values = (k / 4 + static_cast<double>(index)).view({-1, 1, 1, 1}).expand({-1, 5, 3, 4});
    sample.fields.emplace_back("rollout/x0", values.to(at::kHalf).contiguous());
    at::Tensor seeds = at::empty({kRollouts}, at::kUInt64);
    for (std::uint64_t i = 0; i < kRollouts; ++i) {
      seeds.data_ptr<std::uint64_t>()[i] = 100 * index + i;
    }
    sample.fields.emplace_back("rollout/noise_seed", seeds);
    return sample;
  };
  const std::filesystem::path path = folder / shard_name(0);
  ShardWriter writer(path, {.config = "", .content = "", .seed = 3, .first_index = 0, .scale = 2, .tool = "test"},
                     with_rollouts(0), kSamples);
  for (std::uint64_t i = 0; i < kSamples; ++i) {
    writer.append(with_rollouts(i));
  }
  writer.finish();
  Manifest manifest;
  manifest.shards.push_back(describe_shard(Shard(path)));
  write_manifest(folder, manifest);
}

TEST_F(LoaderTest, GivesEachRolloutOfASampleInTurnWithItsSeed) {
  write_set_with_rollouts(folder_ / "kept");
  const ShardSet kept(folder_ / "kept");
  const Loader drawn(kept, {}, 21, {.rollout = true}, log_);
  std::map<std::uint64_t, std::set<std::uint64_t>> seen;
  std::set<std::uint64_t> first;
  for (std::uint64_t epoch = 0; epoch < kRollouts; ++epoch) {
    const Batch batch = drawn.load(epoch * kSamples, kSamples);
    EXPECT_EQ(batch.x0.sizes(), (std::vector<std::int64_t>{kSamples, 5, 3, 4}));
    for (std::size_t row = 0; row < kSamples; ++row) {
      const std::uint64_t k = batch.noise_seed[row] - 100 * batch.sample[row];
      ASSERT_LT(k, static_cast<std::uint64_t>(kRollouts));
      const double expected = static_cast<double>(batch.sample[row]) + static_cast<double>(k) / 4;
      EXPECT_TRUE(batch.x0[static_cast<std::int64_t>(row)].eq(expected).all().item<bool>());
      seen[batch.sample[row]].insert(k);
      if (epoch == 0) {
        first.insert(k);
      }
    }
  }
  for (const auto& [sample, rollouts] : seen) {
    EXPECT_EQ(rollouts.size(), static_cast<std::size_t>(kRollouts)) << sample;
  }
  EXPECT_GT(first.size(), 1U) << "the first epoch has rollouts of several seeds";
}

TEST_F(LoaderTest, LeavesASampleOutWhenARolloutIsDamaged) {
  write_set_with_rollouts(folder_ / "kept");
  flip_byte(folder_ / "kept/shard-000000.h5", "rollout/x0", 4);
  const ShardSet kept(folder_ / "kept");
  const Loader drawn(kept, {.shuffle = false}, 21, {.rollout = true}, log_);
  const Batch batch = drawn.load(3, 3);
  EXPECT_THAT(batch.sample, ::testing::ElementsAre(3, 5, 5));
  EXPECT_EQ(batch.noise_seed.size(), 3U);
  EXPECT_EQ(batch.noise_seed[1], batch.noise_seed[2]);
}

TEST_F(LoaderTest, SaysWhichFieldIsMissing) {
  EXPECT_THAT(error_of([&] { loader({.coverage_hr = true}); }), HasSubstr("coverage_hr"));
  EXPECT_THAT(error_of([&] { loader({.rollout = true}); }), HasSubstr("--stage rollout"));
  const TemporaryFolder& folder = folder_;
  write_numbered_set(folder / "plain", 4, 4, false);
  const ShardSet plain(folder / "plain");
  const Loader drawn(plain, {}, 1, {.latents = true, .hr = true}, log_);
  const Batch batch = drawn.load(0, 2);
  EXPECT_FALSE(batch.z_0.defined());
  EXPECT_TRUE(batch.hr.defined());
}

TEST_F(LoaderTest, ABatchKeepsItsMemoryWhileItIsHeld) {
  Batch batch = [&] {
    const Loader drawn = loader();
    return drawn.load(0, 4);
  }();  // outlives its loader
  const Loader drawn = loader();
  const at::Tensor before = batch.lq.clone();
  const Batch second = drawn.load(0, 4);
  for (std::uint64_t first = 4; first < 40; first += 4) {
    drawn.load(first, 4);
  }
  EXPECT_TRUE(at::equal(batch.lq, before));
  expect_equal(second, drawn.load(0, 4));
  const void* memory = nullptr;
  {
    const Batch dropped = drawn.load(8, 4);
    memory = dropped.lq.const_data_ptr();
  }
  EXPECT_EQ(drawn.load(12, 4).lq.const_data_ptr(), memory) << "memory is used again";
}

TEST_F(LoaderTest, PrefetcherKeepsTheOrderForAnyNumberOfThreads) {
  const Loader drawn = loader();
  for (const int threads : {1, 3}) {
    const BatchSequence sequence = {.first = 10, .stride = 4, .count = 2};
    Prefetcher prefetcher(drawn, sequence, threads, 5);
    for (std::uint64_t i = 0; i < 20; ++i) {
      expect_equal(prefetcher.next(), drawn.load(sequence.first + i * sequence.stride, sequence.count));
    }
  }
}

TEST_F(LoaderTest, PrefetcherFinishesEachBatchInItsThreads) {
  const Loader drawn = loader();
  const std::thread::id here = std::this_thread::get_id();
  Prefetcher prefetcher(drawn, {.first = 3, .stride = 4, .count = 2}, 2, 3, [&](Batch& batch) {
    EXPECT_NE(std::this_thread::get_id(), here);
    batch.noise = at::full({2, 1, 1, 1}, static_cast<double>(batch.position.front()));
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(prefetcher.next().noise[0].item<float>(), static_cast<float>(3 + 4 * i));
  }
}

TEST_F(LoaderTest, ABatchsNoiseIsCutAndMovedWithIt) {
  Batch batch = loader().load(0, 3);
  const double before = bytes_of(batch);
  batch.noise = at::arange(12, at::kFloat).view({3, 1, 2, 2});
  EXPECT_EQ(bytes_of(batch), before + 48);
  EXPECT_EQ(slice(batch, 1, 2).noise[0][0][0][0].item<float>(), 4);
  EXPECT_TRUE(at::equal(to_device(batch, at::kCPU).noise, batch.noise));
}

TEST_F(LoaderTest, PrefetcherHandsErrorsOver) {
  const Loader drawn = loader({}, {.shuffle = false});
  std::filesystem::remove(folder_ / "shard-000002.h5");
  Prefetcher prefetcher(drawn, {.first = 0, .stride = 5, .count = 5}, 2, 3);
  prefetcher.next();
  prefetcher.next();
  EXPECT_THROW(prefetcher.next(), UserError);
}

}  // namespace
}  // namespace samsr
