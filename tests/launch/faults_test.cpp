// What a run of training on two ranks survives, for real: each fault ends it with a clear line, and the same command
// goes on to the same weights, bit for bit, as a run that nothing happened to.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <torch/torch.h>

#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "data/shards/random_access_file.h"
#include "data/shards/shard.h"
#include "launch/running.h"
#include "launch/trained_runs.h"
#include "support/files.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TrainFaults : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    fs::copy(shared_shards(), in("shards"));
    succeed(samsr_on(2, arguments("straight")));
  }

  /// Twenty steps, a checkpoint every five.
  static std::string arguments(const std::string& out, const std::string& more = "",
                               const std::string& shards = "shards") {
    return train(
        out, "train.recipe=resshift train.steps=20 train.checkpoint_every=5 train.shards=" + in(shards) + " " + more);
  }

  static fs::path log_of(const std::string& out) { return in(out + ".log"); }
  static bool has_reached(const std::string& out, int step) {
    const auto lines = metrics(out);
    return !lines.empty() && lines.back()["step"] >= step;
  }

  static void copy(const std::string& from, const std::string& to) {
    fs::create_directories(fs::path(in(to)).parent_path());
    fs::copy(in(from), in(to), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  }

  /// Starts the command of `out` once more, undisturbed, and compares what it leaves with the straight run.
  static void expect_to_go_on_exactly(const std::string& out, const std::string& shards = "shards") {
    const Outcome outcome = run(samsr_on(2, arguments(out, "", shards)));
    ASSERT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("resumed from"));
    expect_same_as_straight(out);
  }
  static void expect_same_as_straight(const std::string& out) {
    expect_equal_checkpoints(in("straight/step-00000020"), in(out + "/step-00000020"));
    expect_equal_figures(metrics("straight"), metrics(out), {"step", "loss", "grad_norm", "lr"});
    for (const auto& entry : fs::directory_iterator(in(out))) {
      EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
    }
  }
};

TEST_F(TrainFaults, RanksThatAreKilledAreStartedAgainByTheLauncher) {
  Running running("SAMSR_BINARY=" SAMSR_BINARY " OMP_NUM_THREADS=1 " SAMSR_SOURCE
                  "/launch/mpirun -n 2 --restarts 3 --restart-pause 0 " +
                      arguments("killed"),
                  log_of("killed"));
  for (const auto& [victim, step] : {std::pair{1, 7}, std::pair{0, 12}}) {
    ASSERT_TRUE(running.until([&, reached = step] { return has_reached("killed", reached); }))
        << read_file(log_of("killed"));
    ::kill(running.rank(victim), SIGKILL);
    ASSERT_TRUE(running.until([&, reached = step] { return !has_reached("killed", reached); }));
  }
  EXPECT_EQ(running.wait(), 0) << read_file(log_of("killed"));
  EXPECT_THAT(read_file(log_of("killed")), HasSubstr("restart 1 of 3 in 0 s"));
  expect_same_as_straight("killed");
}

TEST_F(TrainFaults, ARankThatHangsIsNamedByTheOthers) {
  for (const auto& [victim, step] : {std::pair{1, 7}, std::pair{0, 12}}) {
    Running running(samsr_on(2, arguments("hung", "train.timeout=3")), log_of("hung"));
    ASSERT_TRUE(running.until([&, reached = step] { return has_reached("hung", reached); }))
        << read_file(log_of("hung"));
    ::kill(running.rank(victim), SIGSTOP);
    EXPECT_EQ(running.wait(), 3);
    const std::string said = read_file(log_of("hung"));
    EXPECT_THAT(said, HasSubstr("rank " + std::to_string(victim) + " on host"));
    EXPECT_THAT(said, HasSubstr("does not answer"));
    EXPECT_THAT(said, HasSubstr("the same command goes on from step"));
  }
  expect_to_go_on_exactly("hung");
}

TEST_F(TrainFaults, AFullDiskWhileSavingLeavesTheLastCheckpointWhole) {
  ASSERT_EQ(run(samsr_on(2, arguments("full", "train.steps=5"))).status, 0);
  // A limit on file sizes makes the optimizer's file fail half way, as a full disk does.
  write_script(in("limited"), "#!/bin/sh\ntrap '' XFSZ\nulimit -f 12000\nexec " SAMSR_BINARY " \"$@\"\n");
  const Outcome failed = run(on_ranks(2, in("limited"), arguments("full")));
  EXPECT_EQ(failed.status, 2) << failed.output;
  EXPECT_THAT(failed.output, HasSubstr("optimizer.safetensors"));
  EXPECT_THAT(failed.output, HasSubstr("cannot be written"));
  EXPECT_FALSE(fs::exists(in("full/step-00000010")));
  expect_to_go_on_exactly("full");
}

TEST_F(TrainFaults, SignalsWhileSavingLoseNothing) {
  for (const int signal : {SIGTERM, SIGKILL}) {
    const std::string out = "saving" + std::to_string(signal);
    {
      Running running(samsr_on(2, arguments(out)), log_of(out));
      ASSERT_TRUE(running.until([&] { return is_being_written(in(out), "step-00000010"); }));
      ::kill(running.rank(0), signal);
      EXPECT_EQ(running.wait() == 0, signal == SIGTERM) << read_file(log_of(out));
    }
    EXPECT_THAT(read_file(log_of(out)), HasSubstr(signal == SIGTERM ? "stopped by a signal at step" : "signal 9"));
    expect_to_go_on_exactly(out);
  }
}

TEST_F(TrainFaults, AShardThatIsCutShortEndsTheRun) {
  copy("shards", "cut_shards");
  {
    Running running(samsr_on(2, arguments("cut", "", "cut_shards")), log_of("cut"));
    ASSERT_TRUE(running.until([&] { return has_reached("cut", 7); })) << read_file(log_of("cut"));
    fs::resize_file(in("cut_shards/shard-000002.h5"), 10'000);
    EXPECT_EQ(running.wait(), 2);
  }
  EXPECT_THAT(read_file(log_of("cut")), HasSubstr("shard-000002.h5: cannot be read"));
  EXPECT_THAT(read_file(log_of("cut")), HasSubstr("restore it"));
  copy("shards", "cut_shards");
  expect_to_go_on_exactly("cut", "cut_shards");
}

TEST_F(TrainFaults, AShardThatIsDeletedIsMissedAtTheLatestByTheRestart) {
  copy("shards", "lost_shards");
  {
    Running running(samsr_on(2, arguments("lost", "train.steps=10", "lost_shards")), log_of("lost"));
    ASSERT_TRUE(running.until([&] { return has_reached("lost", 6); })) << read_file(log_of("lost"));
    fs::remove(in("lost_shards/shard-000002.h5"));
    EXPECT_THAT(running.wait(), AnyOf(0, 2)) << read_file(log_of("lost"));  // an open file can be read after its end
  }
  const Outcome again = run(samsr_on(2, arguments("lost", "", "lost_shards")));
  EXPECT_EQ(again.status, 2);
  EXPECT_THAT(again.output, HasSubstr("shard-000002.h5: the shard cannot be opened"));
  copy("shards", "lost_shards");
  expect_to_go_on_exactly("lost", "lost_shards");
}

/// Makes the latent of one sample NaN, with the checksum that belongs to it.
void poison(const fs::path& file, std::uint64_t sample) {
  const Shard shard(file);
  const ShardField& latent = *shard.find("z_hr");
  const std::vector<at::Half> bad(latent.bytes / sizeof(at::Half), std::numeric_limits<at::Half>::quiet_NaN());
  const std::uint32_t checksum = crc32c(bad.data(), latent.bytes);
  const hid_t opened = ::H5Fopen(file.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t table = ::H5Dopen2(opened, std::string(kChecksumDataset).c_str(), H5P_DEFAULT);
  const std::uint64_t checksums = ::H5Dget_offset(table);
  ::H5Dclose(table);
  ::H5Fclose(opened);
  const RandomAccessFile out(file, RandomAccessFile::Access::kWrite);
  out.write_at(latent.offset + sample * latent.bytes, bad.data(), latent.bytes);
  out.write_at(checksums + (sample * shard.fields().size() + latent.column) * sizeof checksum, &checksum,
               sizeof checksum);
}

TEST_F(TrainFaults, ALatentThatIsNotANumberIsRefusedAndNamed) {
  copy("shards", "poisoned_shards");
  poison(in("poisoned_shards/shard-000001.h5"), 2);
  const Outcome outcome = run(samsr_on(2, arguments("poisoned", "", "poisoned_shards")));
  EXPECT_EQ(outcome.status, 2) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("shard-000001.h5 sample 2: 'z_hr' holds"));
  EXPECT_THAT(outcome.output, HasSubstr("NaN at 0"));
  EXPECT_THAT(outcome.output, Not(HasSubstr("internal error")));
}

TEST_F(TrainFaults, ARunThatDivergesStopsAtItsLastGoodCheckpoint) {
  ASSERT_EQ(run(samsr_on(2, arguments("diverged", "train.steps=5"))).status, 0);
  const Outcome outcome = run(samsr_on(2, arguments("diverged", "train.lr=1e30 train.max_bad_steps=2")));
  EXPECT_EQ(outcome.status, 2) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("3 steps in a row"));
  EXPECT_THAT(outcome.output, HasSubstr("train.lr"));
  EXPECT_EQ(read_file(in("diverged/latest")), "step-00000005\n");
  expect_to_go_on_exactly("diverged");
}

TEST_F(TrainFaults, ARunGoesOnWithTheSameLossesOnAnotherNumberOfRanks) {
  const auto straight = metrics("straight");
  for (const int ranks : {1, 3}) {
    const std::string out = "elastic" + std::to_string(ranks);
    copy("straight/step-00000010", out + "/step-00000010");
    const Outcome outcome = run(samsr_on(ranks, arguments(out)));
    ASSERT_EQ(outcome.status, 0) << outcome.output;
    expect_equal_figures({straight.begin() + 10, straight.end()}, metrics(out), {"loss"}, 1e-5);
  }
}

}  // namespace
}  // namespace samsr::testing
