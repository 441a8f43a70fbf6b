// Mistakes on the command line: one clear line each, exit status 2.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "launch/program.h"
#include "support/files.h"
#include "support/temporary_folder.h"

namespace samsr::testing {
namespace {
using ::testing::HasSubstr;

void expect_one_line(const std::string& arguments, const std::string& expected) {
  const Outcome outcome = run(samsr(arguments));
  EXPECT_EQ(outcome.status, 2) << arguments << "\n" << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr(expected)) << arguments;
  EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
}

TEST(CommandLine, MistakesAreOneLineEach) {
  expect_one_line("", "subcommand");
  expect_one_line("trian", "unknown verb 'trian', did you mean 'train'?");
  expect_one_line("train --confg x.yaml", "--confg");
  expect_one_line("train --config /nowhere.yaml", "/nowhere.yaml");
  expect_one_line("train train.lrr=3", "did you mean 'train.lr'");
  expect_one_line("train train.lr=fast", "expected a number");
  expect_one_line("train train.recipe=gan", "resshift | sinsr | samsr");
  expect_one_line("train train.recipe=resshift", "train.out is not set");
  expect_one_line("train train.recipe=resshift train.out=/tmp/x", "train.shards is not set");
  expect_one_line("data", "subcommand");
  expect_one_line("data verify /nowhere", "/nowhere");
  expect_one_line("upscale /nowhere.png /tmp/x.png --model /nowhere", "/nowhere");
  expect_one_line("eval --pred /nowhere --metrics niqe --out /tmp/x", "/nowhere");
}

TEST(CommandLine, AMistakeInAFileIsNamedByItsLine) {
  const TemporaryFolder folder;
  write_text(folder / "x.yaml", "train:\n  steps: 10\n  milestone: [5]\n");
  expect_one_line("train --config " + (folder / "x.yaml"),
                  "x.yaml:3: unknown key 'train.milestone', did you mean "
                  "'train.milestones'?");
}

TEST(CommandLine, RanksSayAMistakeOnce) {
  const Outcome outcome = run(samsr_on(2, "train train.lrr=3"));
  EXPECT_EQ(outcome.status, 2) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("did you mean 'train.lr'"));
  EXPECT_EQ(outcome.output.find("unknown key"), outcome.output.rfind("unknown key")) << outcome.output;
}

TEST(CommandLine, HelpIsEverywhere) {
  for (const char* verb : {"", "data", "data build", "data inspect", "data verify", "data export", "train", "upscale",
                           "eval", "strip", "settings", "weights", "weights inspect", "version"}) {
    const Outcome outcome = run(samsr(std::string(verb) + " --help"));
    EXPECT_EQ(outcome.status, 0) << verb;
    EXPECT_THAT(outcome.output, HasSubstr("--help")) << verb;
  }
}

TEST(CommandLine, SettingsListsEveryKey) {
  const Outcome outcome = run(samsr("settings"));
  EXPECT_EQ(outcome.status, 0);
  for (const char* key : {"data.images",
                          "data.out",
                          "data.samples",
                          "data.seed",
                          "data.scale",
                          "masks.source",
                          "first_stage.type",
                          "train.recipe",
                          "train.shards",
                          "train.out",
                          "train.steps",
                          "train.global_batch",
                          "train.microbatch",
                          "train.lr",
                          "train.seed",
                          "train.precision",
                          "train.threads",
                          "train.teacher",
                          "train.checkpoint_every",
                          "train.resume",
                          "samsr.variant",
                          "semantic.loss"}) {
    EXPECT_THAT(outcome.output, HasSubstr("| `" + std::string(key) + "` |"));
  }
  EXPECT_THAT(outcome.output, ::testing::Not(::testing::ContainsRegex("above [0-9.]+, [0-9.]+ to "))) << "two ranges";
  EXPECT_THAT(read_file(SAMSR_SOURCE "/docs/settings.md"), ::testing::EndsWith(outcome.output))
      << "docs/settings.md is out of date; write the output of `samsr settings` below its heading";
}

}  // namespace
}  // namespace samsr::testing
