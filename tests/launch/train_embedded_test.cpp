// launch/train_embedded from photographs to files and card, on networks small enough for a test: what it leaves, that a
// run that is killed ends with the same bytes, that stages are not mixed, mistakes.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <regex>

#include "core/atomic_file.h"
#include "launch/mistakes.h"
#include "launch/running.h"
#include "launch/trained_runs.h"
#include "models/weights/safetensors.h"
#include "models/weights/sha256.h"
#include "support/files.h"
#include "support/small_model.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// The shipped settings made small.
const std::string kSmall =
    small_sizes() +
    "data.samples_per_shard=8 train.global_batch=4 train.microbatch=2 'train.milestones=[2]' train.threads=1"
    " train.tensorboard=false ";

class TrainEmbedded : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    log_ = succeed(script("whole"));
  }

  static std::string plain_script(const std::string& arguments) {
    return "SAMSR_BINARY=" SAMSR_BINARY " OMP_NUM_THREADS=1 " SAMSR_SOURCE "/launch/train_embedded " + arguments;
  }
  static std::string script(const std::string& out, const std::string& more = "") {
    return plain_script("--images " + shared_photographs() + " --out " + in(out) + " --ranks 1" + kSmall +
                        "train.steps=6 train.checkpoint_every=2 val.every=3 " + more);
  }

  static inline std::string log_;  ///< of the run `whole`
};

TEST_F(TrainEmbedded, TheCardSaysWhatTheRunsRecorded) {
  const std::string card = read_file(in("whole/files/MODEL_CARD.md"));
  for (const char* name : {"teacher", "student", "coverage_net"}) {
    const fs::path file = in("whole/files") / (std::string(name) + ".safetensors");
    EXPECT_THAT(card, HasSubstr("| " + std::to_string(fs::file_size(file)) + " | `" + sha256_of_file(file) + "` |"))
        << name;
  }
  std::smatch used;
  ASSERT_TRUE(std::regex_search(log_, used, std::regex("/shards: 24 pairs.*; ([0-9]+) photographs used"))) << log_;
  EXPECT_THAT(
      card, AllOf(HasSubstr("| photographs | " + used[1].str() + ", "), HasSubstr("| pairs | 24, "),
                  HasSubstr("| degradation | resshift_v1 |"), HasSubstr("| recipe | resshift | samsr | coverage_net |"),
                  HasSubstr("| steps | 6 | 6 | 6 |"), HasSubstr("| images seen | 24 | 24 | 24 |"),
                  HasSubstr("1 rank × 1 thread on cpu"), HasSubstr("\n## Limits\n")));
  EXPECT_THAT(card, AllOf(Not(HasSubstr("{{")), Not(HasSubstr(folder_->path().string())),
                          Not(HasSubstr(shared_photographs().string()))));
  const auto results = nlohmann::json::parse(read_file(in("whole/validation/results.json")));
  ASSERT_EQ(results["methods"].size(), 3U);
  for (const auto& method : results["methods"]) {
    const double psnr = method["mean"]["psnr_y"];
    EXPECT_THAT(card, ::testing::ContainsRegex(
                          fmt::format("\\| {} \\| [^0-9]*{:.2f}", method["name"].get<std::string>(), psnr)));
  }
}

TEST_F(TrainEmbedded, WhatIsCompleteIsPassedOver) {
  const auto files = contents(in("whole/files"));
  const Outcome again = run(script("whole"));
  ASSERT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, AllOf(HasSubstr("teacher: complete"), HasSubstr("coverage_net: complete"),
                                  HasSubstr("student: complete"), HasSubstr("figures: complete")));
  EXPECT_EQ(contents(in("whole/files")), files);
}

TEST_F(TrainEmbedded, KilledAndStartedAgainItEndsWithTheSameBytes) {
  const std::function<bool()> moments[] = {[] { return is_being_written(in("killed/shards"), "shard-000001.h5"); },
                                           [] { return fs::exists(in("killed/teacher/step-00000002")); },
                                           [] { return fs::exists(in("killed/student/step-00000002")); }};
  for (const auto& moment : moments) {
    Running running(script("killed"), in("log"));
    ASSERT_TRUE(running.until(moment)) << read_file(in("log"));
    ::kill(running.rank(0), SIGKILL);
    EXPECT_GT(running.wait(), 0);
  }
  const Outcome finished = run(script("killed"));
  ASSERT_EQ(finished.status, 0) << finished.output;
  EXPECT_THAT(finished.output, HasSubstr("resumed from " + in("killed/student/step-0000000").string()));
  for (const char* name : {"teacher", "student", "coverage_net"}) {
    const std::string file = std::string("files/") + name + ".safetensors";
    EXPECT_TRUE(read_file(in("killed") / file) == read_file(in("whole") / file)) << file;
  }
}

TEST_F(TrainEmbedded, TwoAtOnceInOneFolderAreRefused) {
  Running running(script("busy"), in("log"));
  ASSERT_TRUE(running.until([] { return fs::exists(in("busy/photographs")); })) << read_file(in("log"));
  const Outcome second = run(script("busy"));
  EXPECT_EQ(second.status, 2);
  EXPECT_THAT(second.output, HasSubstr("is at work there"));
  ASSERT_TRUE(running.until([] { return is_being_written(in("busy/shards"), "shard-000000.h5"); }));
  ::kill(running.rank(0), SIGKILL);  // and with it all that was started
  EXPECT_GT(running.wait(), 0);
}

TEST_F(TrainEmbedded, AStageIsNotReusedWithOtherSettings) {
  const std::pair<const char*, const char*> changes[] = {
      {"train.lr=1e-3", "whole/teacher was begun with other settings or from other inputs: lr: 0.0008 → lr: 0.001"},
      {"train.steps=8", "steps: 6 → steps: 8"},
      {"data.seed=2", "data.seed"},
      {"--seed 2", "data.seed"},
  };
  for (const auto& [change, expected] : changes) {
    const Outcome refused = run(script("whole", change));
    EXPECT_EQ(refused.status, 2) << change;
    EXPECT_THAT(refused.output, HasSubstr(expected));
  }
}

TEST_F(TrainEmbedded, MistakesAreOneLine) {
  fs::create_directories(in("empty"));
  const std::string photographs = "--images " + shared_photographs();
  const std::pair<std::string, const char*> cases[] = {
      {"", "--images DIR is needed"},
      {"--images /nowhere", "/nowhere: no such folder"},
      {"--images", "--images needs a value"},
      {photographs + " --ranks two", "--ranks two: a positive number is needed"},
      {photographs + " --seed -1", "--seed -1: a whole number is needed"},
      {photographs + " --val-lq " + shared_photographs(), "--val-lq and --val-gt belong together"},
      {photographs + " --steps 5", "unknown argument '--steps'"},
      {photographs + " --out " + in("log/x"), "cannot be made"},
      {photographs + " --out " + in("wrong") + " train.stepz=5", "did you mean 'train.steps'"},
      {"--images " + in("empty") + " --out " + in("wrong"), "0 photographs found"},
  };
  write_text(in("log"), "a file where a folder is asked for\n");
  for (const auto& [arguments, expected] : cases) {
    expect_mistake(plain_script(arguments), expected);
  }
}

TEST_F(TrainEmbedded, FiftyStepsGiveTheSameWeightsOnOneAndTwoRanks) {
  for (const auto& [name, shards] :
       {std::pair("teacher", "shards"), std::pair("student_start", "shards"), std::pair("student", "rollouts")}) {
    const auto trained = [&, name = name, shards = shards](int ranks) {
      const std::string out = fmt::format("{}_on_{}", name, ranks);
      const Outcome outcome =
          run(samsr_on(ranks, std::string("train --config " SAMSR_SOURCE "/configs/embedded/") + name + ".yaml" +
                                  kSmall + "train.steps=50 train.shards=" + in("whole") / shards +
                                  " train.out=" + in(out) + " train.teacher_weights=" + in("whole/teacher") +
                                  " semantic.weights=" + in("whole/files/coverage_net.safetensors")));
      EXPECT_EQ(outcome.status, 0) << outcome.output;
      return read_safetensors(in(out) / "step-00000050/student.safetensors");
    };
    const TensorFile one = trained(1);
    const TensorFile two = trained(2);
    ASSERT_EQ(one.tensors.size(), two.tensors.size());
    for (std::size_t i = 0; i < one.tensors.size(); ++i) {
      const auto& [tensor, values] = one.tensors[i];
      ASSERT_EQ(tensor, two.tensors[i].first);
      EXPECT_LE((values - two.tensors[i].second).abs().max().item<double>(), 1e-5) << name << " " << tensor;
    }
  }
}

}  // namespace
}  // namespace samsr::testing
