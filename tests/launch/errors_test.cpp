// Mistakes on the command line: one clear line each, exit status 2.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "core/atomic_file.h"
#include "launch/mistakes.h"
#include "launch/program.h"
#include "support/files.h"
#include "support/temporary_folder.h"

namespace samsr::testing {
namespace {
using ::testing::HasSubstr;

void expect_one_line(const std::string& arguments, const std::string& expected) {
  expect_mistake(samsr(arguments), expected);
}

TEST(CommandLine, MistakesAreOneLineEach) {
  const TemporaryFolder folder;
  const std::string out = folder / "x";
  expect_one_line("", "subcommand");
  expect_one_line("trian", "unknown verb 'trian', did you mean 'train'?");
  expect_one_line("train --confg x.yaml", "--confg");
  expect_one_line("train --config /nowhere.yaml", "/nowhere.yaml");
  expect_one_line("train train.lrr=3", "did you mean 'train.lr'");
  expect_one_line("train train.lr=fast", "expected a number");
  expect_one_line("train train.recipe=gan", "resshift | sinsr | samsr");
  expect_one_line("train train.recipe=resshift", "train.out is not set");
  expect_one_line("train train.recipe=resshift train.out=" + out, "train.shards is not set");
  expect_one_line("data", "subcommand");
  expect_one_line("data verify /nowhere", "/nowhere");
  expect_one_line("upscale /nowhere.png " + out + ".png --model /nowhere", "/nowhere");
  expect_one_line("eval --pred /nowhere --metrics niqe --out " + out, "/nowhere");
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

TEST(CommandLine, ValuesThatAreEmptyAreRefused) {
  const TemporaryFolder folder;
  const std::string here = "cd " + folder.path() + " && ";
  for (const auto& [arguments, name] :
       {std::pair("upscale p.png ''", "out"), std::pair("upscale '' o.png", "in"),
        std::pair("upscale p.png o.png --seed ''", "--seed"), std::pair("upscale p.png o.png --masks ''", "--masks"),
        std::pair("upscale p.png o.png --model=", "--model"), std::pair("upscale p.png o.png --config ''", "--config"),
        std::pair("eval --lq a --out ''", "--out"), std::pair("eval --lq a --out=", "--out"),
        std::pair("eval --lq a --out b --metrics ''", "--metrics"), std::pair("eval --metrics= --out b", "--metrics"),
        std::pair("table R --out ''", "--out"), std::pair("table ''", "results"), std::pair("data check ''", "folder"),
        std::pair("data check a --sheet ''", "--sheet"), std::pair("data export a '' --count 3", "out"),
        std::pair("data split a ''", "folder"), std::pair("strip '' --lq a", "out"),
        std::pair("weights inspect ''", "path"), std::pair("train --config=", "--config")}) {
    expect_mistake(here + samsr(arguments), std::string("samsr: ") + name + " is empty: give it a value");
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(CommandLine, WhatBeginsWithADashIsAnOptionOrSaidToBeNone) {
  expect_one_line("upscale -lead.jpg o.png",
                  "unknown option '-lead.jpg'; a path that begins with a dash is written ./-lead.jpg");
  expect_one_line("upscale p.png -o.png", "written ./-o.png");
  expect_one_line("data split small -out", "unknown option '-out'");
  expect_one_line("eval --lq a -out b", "unknown option '-out', did you mean '--out'?");
  expect_one_line("train --dryrun", "unknown option '--dryrun', did you mean '--dry-run'?");
  expect_one_line("data check --sheets=a.png b", "unknown option '--sheets', did you mean '--sheet'?");
  expect_one_line("upscale --model -m.pth /nowhere.png o.png", "/nowhere.png");  // an option's value may
  expect_one_line("data check -1", "-1");                                        // and a number
  expect_one_line("data verify -- -nowhere", "-nowhere");
}

TEST(CommandLine, NumbersOfFlagsAreSaidAsTheyWereGiven) {
  for (const char* value : {"0", "x", "-3", "1.5", "99999999999999999999"}) {
    expect_one_line(std::string("train --profile ") + value,
                    std::string("--profile: expected a whole number of at least 1, found '") + value + "'");
  }
  expect_one_line("data regenerate a --out b --index -1", "whole number of at least 0, found '-1'");
  expect_one_line("data export a b --first -1", "--first: expected a whole number of at least 0, found '-1'");
  expect_one_line("data export a b --count -1", "--count: expected a whole number of at least 1, found '-1'");
  for (const char* seed : {"data.seed", "rollout.seed", "train.seed", "upscale.seed"}) {
    expect_one_line(std::string("settings ") + seed + "=-1", "expected an integer (at least 0); it is below 0");
  }
}

TEST(CommandLine, MoreThreadsThanTheCoresCanServeAreRefusedBeforeAnyIsMade) {
  if (std::thread::hardware_concurrency() >= 256) {
    GTEST_SKIP() << "the setting itself takes no more than 1024";
  }
  const TemporaryFolder folder;
  write_text(folder / "p.png", "");
  expect_one_line("upscale " + (folder / "p.png") + " " + (folder / "o.png") + " train.threads=1024",
                  "train.threads=1024: this rank may run on ");
}

TEST(CommandLine, HelpIsEverywhere) {
  for (const char* verb : {"", "data", "data build", "data inspect", "data verify", "data export", "train", "upscale",
                           "eval", "bench-table", "strip", "settings", "weights", "weights inspect", "version"}) {
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
