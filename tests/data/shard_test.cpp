#include "data/shards/shard.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <array>
#include <csignal>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/shards/manifest.h"
#include "data/shards/shard_set.h"
#include "data/shards/shard_writer.h"
#include "support/shards.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::error_of;
using testing::flip_byte;
using ::testing::HasSubstr;
using testing::numbered_sample;
using testing::TemporaryFolder;
using testing::write_numbered_set;

TEST(Shard, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  write_numbered_set(folder.path(), 7, 4);
  const Shard shard(folder / "shard-000001.h5");
  EXPECT_EQ(shard.samples(), 3U);
  EXPECT_EQ(shard.header().first_index, 4U);
  EXPECT_EQ(shard.header().seed, 3U);
  EXPECT_EQ(shard.header().scale, 2U);
  EXPECT_EQ(shard.header().tool, "test");
  EXPECT_EQ(shard.header().config, "data:\n  scale: 2\n");
  const RandomAccessFile file(shard.path(), RandomAccessFile::Access::kRead);
  for (std::uint64_t i = 0; i < 3; ++i) {
    const Sample expected = numbered_sample(4 + i);
    for (const auto& [name, tensor] : expected.fields) {
      const ShardField* field = shard.find(name);
      ASSERT_NE(field, nullptr) << name;
      EXPECT_EQ(field->type, tensor.scalar_type());
      at::Tensor read = at::empty(field->shape, field->type);
      EXPECT_TRUE(shard.read(file, *field, i, read.data_ptr()));
      EXPECT_TRUE(at::equal(read, tensor)) << name;
    }
    std::string source(shard.find("source")->bytes, '?');
    EXPECT_TRUE(shard.read(file, *shard.find("source"), i, source.data()));
    EXPECT_EQ(source.c_str(), *expected.text(kSourceField));
  }
}

TEST(Shard, BytesDependOnTheSamplesAlone) {
  const TemporaryFolder folder;
  write_numbered_set(folder / "a", 5, 5);
  write_numbered_set(folder / "b", 5, 5);
  EXPECT_EQ(read_file(folder / "a/shard-000000.h5"), read_file(folder / "b/shard-000000.h5"));
}

TEST(Shard, NoticesAFlippedByteInEachField) {
  const TemporaryFolder folder;
  write_numbered_set(folder.path(), 4, 4);
  const fs::path path = folder / "shard-000000.h5";
  const Shard shard(path);
  for (const ShardField& field : shard.fields()) {
    flip_byte(path, field.name, 2);
    const RandomAccessFile file(path, RandomAccessFile::Access::kRead);
    std::vector<char> bytes(field.bytes);
    EXPECT_FALSE(shard.read(file, field, 2, bytes.data())) << field.name;
    EXPECT_TRUE(shard.read(file, field, 1, bytes.data())) << field.name;
    flip_byte(path, field.name, 2);
  }
}

TEST(Shard, HoldsGroupsLargeNumbersAndSeveralTexts) {
  const TemporaryFolder folder;
  const auto sample = [](std::uint64_t index) {
    Sample out = numbered_sample(index);
    const at::Tensor seeds = at::empty({2}, at::kUInt64);
    seeds.data_ptr<std::uint64_t>()[0] = 0xfedcba9876543210U + index;
    seeds.data_ptr<std::uint64_t>()[1] = index;
    out.fields.emplace_back("rollout/noise_seed", seeds);
    out.texts.insert(out.texts.begin(), {std::string(kMasksField), std::string(3 * index, 'm')});
    return out;
  };
  const fs::path path = folder / "a.h5";
  ShardWriter writer(path, {.config = {}, .content = {}, .scale = 2, .tool = {}}, sample(0), 3);
  for (std::uint64_t i = 0; i < 3; ++i) {
    writer.append(sample(i));
  }
  writer.finish();
  const Shard shard(path);
  const ShardField& seeds = *shard.find("rollout/noise_seed");
  EXPECT_EQ(seeds.type, at::kUInt64);
  EXPECT_EQ(seeds.shape, std::vector<std::int64_t>{2});
  const RandomAccessFile file(path, RandomAccessFile::Access::kRead);
  std::array<std::uint64_t, 2> values{};
  EXPECT_TRUE(shard.read(file, seeds, 2, values.data()));
  EXPECT_EQ(values[0], 0xfedcba9876543212U);
  const ShardField& masks = *shard.find(kMasksField);
  EXPECT_TRUE(masks.text);
  EXPECT_EQ(masks.bytes, 6U);
  std::string text(masks.bytes, 'x');
  EXPECT_TRUE(shard.read(file, masks, 1, text.data()));
  EXPECT_EQ(text, std::string("mmm\0\0\0", 6));
}

TEST(Shard, RefusesEveryTruncation) {
  const TemporaryFolder folder;
  write_numbered_set(folder.path(), 4, 4);
  const std::string whole = read_file(folder / "shard-000000.h5");
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 16) {
    write_file_atomically(folder / "cut.h5", whole.substr(0, size));
    EXPECT_THAT(error_of([&] { Shard(folder / "cut.h5"); }), AllOf(HasSubstr("cut.h5"), HasSubstr("cut short")));
  }
  EXPECT_THAT(error_of([&] { Shard(folder / "absent.h5"); }), HasSubstr("absent.h5"));
}

TEST(ShardWriter, LeavesNothingWhenItDoesNotFinish) {
  const TemporaryFolder folder;
  {
    ShardWriter writer(folder / "a.h5", {}, numbered_sample(0), 3);
    writer.append(numbered_sample(0));
    EXPECT_THROW(writer.finish(), c10::Error);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(ShardWriter, RefusesSamplesOfAnotherShape) {
  const TemporaryFolder folder;
  ShardWriter writer(folder / "a.h5", {}, numbered_sample(0), 1);
  Sample other = numbered_sample(0);
  other.fields[1].second = other.fields[1].second.slice(0, 0, 3).contiguous();
  EXPECT_THROW(writer.append(other), c10::Error);
  EXPECT_THROW(writer.append(numbered_sample(0, false)), c10::Error);
}

TEST(ShardWriter, SaysThatTheDiskIsFull) {
  const TemporaryFolder folder;
  write_numbered_set(folder / "whole", 20, 20);
  const rlim_t size = fs::file_size(folder / "whole/shard-000000.h5");
  fs::remove_all(folder / "whole");
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  // Full while laying out the file, while writing samples, and at the end.
  for (const rlim_t limit : {rlim_t{1000}, size / 2, size - 100}) {
    struct rlimit small = before;
    small.rlim_cur = limit;
    setrlimit(RLIMIT_FSIZE, &small);
    const std::string message = error_of([&] { write_numbered_set(folder.path(), 20, 20); });
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_THAT(message, AllOf(HasSubstr("shard-000000.h5"), HasSubstr("cannot be written"))) << limit;
    EXPECT_TRUE(fs::is_empty(folder.path())) << limit;
  }
  std::signal(SIGXFSZ, handler);
  write_numbered_set(folder.path(), 20, 20);
  EXPECT_EQ(ShardSet(folder.path()).size(), 20U);
}

TEST(ShardSet, FindsSamplesAcrossShards) {
  const TemporaryFolder folder;
  write_numbered_set(folder.path(), 11, 4);
  const ShardSet set(folder.path());
  ASSERT_EQ(set.size(), 11U);
  for (std::uint64_t i = 0; i < set.size(); ++i) {
    at::Tensor lr = at::empty({6, 8, 3}, at::kByte);
    EXPECT_TRUE(set.read(i, "lr", lr.data_ptr()));
    EXPECT_TRUE(at::equal(lr, numbered_sample(i).fields[1].second)) << i;
  }
  EXPECT_EQ(set.where(9), "shard-000002.h5 sample 1");
}

TEST(ShardSet, NamesTheShardThatIsMissingCutOrForeign) {
  const TemporaryFolder folder;
  const auto open = [&] { return error_of([&] { ShardSet set(folder.path()); }); };
  EXPECT_THAT(open(), HasSubstr("manifest.json"));
  write_numbered_set(folder.path(), 10, 5);
  EXPECT_EQ(open(), "no error");
  const std::string whole = read_file(folder / "shard-000001.h5");
  write_file_atomically(folder / "shard-000001.h5", whole.substr(0, whole.size() / 2));
  EXPECT_THAT(open(), AllOf(HasSubstr("shard-000001.h5"), HasSubstr("cut short")));
  fs::remove(folder / "shard-000001.h5");
  EXPECT_THAT(open(), AllOf(HasSubstr("shard-000001.h5"), HasSubstr("No such file")));
  fs::copy_file(folder / "shard-000000.h5", folder / "shard-000001.h5");
  EXPECT_THAT(open(), AllOf(HasSubstr("shard-000001.h5"), HasSubstr("the manifest says 5 to 9")));
  write_file_atomically(folder / "manifest.json", "{\"format\": ");
  EXPECT_THAT(open(), AllOf(HasSubstr("manifest.json"), HasSubstr("damaged")));
}

TEST(DescriptorCache, KeepsAsManyFilesAsItMay) {
  const TemporaryFolder folder;
  for (int i = 0; i < 5; ++i) {
    write_file_atomically(folder / std::to_string(i), std::to_string(i));
  }
  DescriptorCache cache(2);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i) {
      char byte = 0;
      cache.open(folder / std::to_string(i))->read_at(0, &byte, 1);
      EXPECT_EQ(byte, '0' + i);
    }
  }
  EXPECT_EQ(cache.open(folder / "4"), cache.open(folder / "4"));
}

}  // namespace
}  // namespace samsr
