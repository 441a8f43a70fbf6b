// Folders that several runs want, and folders of the user's, with real processes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "core/atomic_file.h"
#include "core/folder_lock.h"
#include "launch/running.h"
#include "launch/trained_runs.h"
#include "support/files.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Folders : public TrainedRuns {
 protected:
  static void expect_refused(const std::string& command, const std::string& purpose, pid_t process) {
    const Outcome second = run(command);
    EXPECT_EQ(second.status, 2) << second.output;
    EXPECT_THAT(second.output, AllOf(HasSubstr("is being written by `" + purpose + "`"),
                                     HasSubstr("process " + std::to_string(process) + ",")));
  }
};

TEST_F(Folders, ASecondTrainingOfOneFolderIsRefusedUntilTheFirstEndsOrDies) {
  const std::string arguments = train("run", "train.recipe=resshift train.steps=100000 train.checkpoint_every=2");
  {
    Running first(samsr(arguments), in("first.log"));
    ASSERT_TRUE(first.until([] { return fs::exists(in("run/latest")); })) << read_file(in("first.log"));
    const std::string config = read_file(in("run/config.yaml"));
    expect_refused(samsr(arguments + " train.lr=1e-6"), "train", first.pid());
    expect_refused(samsr_on(2, arguments), "train", first.pid());
    expect_refused(samsr(build(in("run"))), "train", first.pid());
    EXPECT_EQ(read_file(in("run/config.yaml")), config);
    ::kill(first.pid(), SIGKILL);
    first.wait();
  }
  ASSERT_TRUE(fs::exists(in("run") / kFolderLockFile));
  Running second(samsr(arguments), in("second.log"));
  const std::string before = read_file(in("run/latest"));
  ASSERT_TRUE(second.until([&] { return read_file(in("run/latest")) != before; })) << read_file(in("second.log"));
  EXPECT_THAT(read_file(in("second.log")), HasSubstr("resumed from"));
  ::kill(second.pid(), SIGTERM);
  EXPECT_EQ(second.wait(), 0);
  EXPECT_FALSE(fs::exists(in("run") / kFolderLockFile));
}

TEST_F(Folders, ASecondBuildIntoOneFolderIsRefused) {
  Running first(samsr(build(in("shards"), "data.samples=100000")), in("build.log"));
  ASSERT_TRUE(first.until([] { return fs::exists(in("shards/shard-000000.h5")); })) << read_file(in("build.log"));
  expect_refused(samsr(build(in("shards"), "data.samples=100000")), "data build", first.pid());
  expect_refused(samsr("data export " + shared_shards() + " " + in("shards")), "data build", first.pid());
  expect_refused(samsr("upscale " + shared_photographs() + " " + in("shards")), "data build", first.pid());
  EXPECT_FALSE(first.ended());
}

TEST_F(Folders, PhotographsAreNeverWrittenOver) {
  fs::copy(shared_photographs(), in("photos"), fs::copy_options::recursive);
  const auto before = contents(in("photos"));
  write_text(in("mine/config.yaml"), "precious: true\n");
  for (const std::string& command : {build(in("photos"), "data.images=" + in("photos").string()),
                                     build(in("photos/shards"), "data.images=" + in("photos").string()),
                                     build(in("mine")), "data split " + in("photos") + " " + in("photos"),
                                     "eval --pred x=" + in("photos") + " --metrics niqe --out " + in("photos/report"),
                                     "eval --pred x=" + in("photos") + " --metrics niqe --out " + in("photos")}) {
    const Outcome outcome = run(samsr(command));
    EXPECT_EQ(outcome.status, 2) << command << "\n" << outcome.output;
    EXPECT_EQ(contents(in("photos")), before) << command;
  }
  EXPECT_EQ(read_file(in("mine/config.yaml")), "precious: true\n");

  for (const std::string& mine : {"train.out=" + in("mine"), "train.out=" + shared_shards()}) {
    const auto shards = contents(shared_shards());
    for (const char* more : {"", " --dry-run"}) {
      const Outcome outcome = run(samsr(train("any", "train.recipe=resshift train.steps=1 " + mine + more)));
      EXPECT_EQ(outcome.status, 2) << outcome.output;
      EXPECT_THAT(outcome.output, HasSubstr("training would replace it")) << mine;
      EXPECT_EQ(contents(shared_shards()), shards);
    }
  }
  EXPECT_EQ(read_file(in("mine/config.yaml")), "precious: true\n");

  // Photographs that lie where pairs go: a data set of exported pictures, exported into the same place.
  const fs::path gt = in("pairs/gt");
  fs::create_directories(gt);
  for (const auto& [name, bytes] : before) {
    write_text(gt / ("sample-00000" + std::to_string(contents(gt).size()) + ".png"), bytes);
  }
  const auto pictures = contents(gt);
  succeed(samsr(build(in("of_pairs"), "data.samples=4 data.images=" + gt.string())));
  for (const std::string& command : {"data export " + in("of_pairs") + " " + in("pairs"),
                                     "data regenerate " + in("of_pairs") + " --index 1 --out " + in("pairs")}) {
    const Outcome outcome = run(samsr(command));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("could be replaced")) << command;
  }
  EXPECT_EQ(contents(gt), pictures);
}

}  // namespace
}  // namespace samsr::testing
