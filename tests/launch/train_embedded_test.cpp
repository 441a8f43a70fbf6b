// launch/train_embedded from photographs to files and card, on networks small enough for a test: what it leaves, that a
// run that is killed ends with the same bytes, that stages are not mixed, mistakes.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <regex>

#include "core/atomic_file.h"
#include "models/weights/safetensors.h"
#include "models/weights/sha256.h"
#include "program.h"
#include "running.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// The shipped settings made small.
constexpr const char* kSmall =
    " data.gt_size=64 data.crop_pad_size=80 data.samples=24 data.samples_per_shard=8 unet.image_size=16"
    " 'unet.attention_resolutions=[16, 8]' 'unet.channel_mult=[1, 2]' 'unet.num_res_blocks=[1, 1]' "
    "unet.num_head_channels=16"
    " unet.swin_embed_dim=32 diffusion.steps=3 train.global_batch=4 train.microbatch=2 'train.milestones=[2]'"
    " train.threads=1 train.tensorboard=false ";

class TrainEmbedded : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder("train_embedded");
    write_photographs(*folder_ / "photographs");
    const Outcome whole = run(script("whole"));
    ASSERT_EQ(whole.status, 0) << whole.output;
    log_ = whole.output;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string plain_script(const std::string& arguments) {
    return "SAMSR_BINARY=" SAMSR_BINARY " OMP_NUM_THREADS=1 " SAMSR_SOURCE "/launch/train_embedded " + arguments;
  }
  static std::string script(const std::string& out, const std::string& more = "") {
    return plain_script("--images " + (*folder_ / "photographs") + " --out " + (*folder_ / out) + " --ranks 1" +
                        kSmall + "train.steps=6 train.checkpoint_every=2 val.every=3 " + more);
  }
  static fs::path of(const std::string& out) { return *folder_ / out; }

  static TemporaryFolder* folder_;
  static std::string log_;  ///< of the run `whole`
};

TemporaryFolder* TrainEmbedded::folder_ = nullptr;
std::string TrainEmbedded::log_;

TEST_F(TrainEmbedded, TheCardSaysWhatTheRunsRecorded) {
  const std::string card = read_file(of("whole/files/MODEL_CARD.md"));
  for (const char* name : {"teacher", "student", "coverage_net"}) {
    const fs::path file = of("whole/files") / (std::string(name) + ".safetensors");
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
  EXPECT_THAT(card, AllOf(Not(HasSubstr("{{")), Not(HasSubstr(folder_->path().string()))));
  const auto results = nlohmann::json::parse(read_file(of("whole/validation/results.json")));
  ASSERT_EQ(results["methods"].size(), 3U);
  for (const auto& method : results["methods"]) {
    const double psnr = method["mean"]["psnr_y"];
    EXPECT_THAT(card, ::testing::ContainsRegex(
                          fmt::format("\\| {} \\| [^0-9]*{:.2f}", method["name"].get<std::string>(), psnr)));
  }
}

TEST_F(TrainEmbedded, WhatIsCompleteIsPassedOver) {
  const auto files = contents(of("whole/files"));
  const Outcome again = run(script("whole"));
  ASSERT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, AllOf(HasSubstr("teacher: complete"), HasSubstr("coverage_net: complete"),
                                  HasSubstr("student: complete"), HasSubstr("figures: complete")));
  EXPECT_EQ(contents(of("whole/files")), files);
}

TEST_F(TrainEmbedded, KilledAndStartedAgainItEndsWithTheSameBytes) {
  const std::function<bool()> moments[] = {[] { return is_being_written(of("killed/shards"), "shard-000001.h5"); },
                                           [] { return fs::exists(of("killed/teacher/step-00000002")); },
                                           [] { return fs::exists(of("killed/student/step-00000002")); }};
  for (const auto& moment : moments) {
    Running running(script("killed"), of("log"));
    ASSERT_TRUE(running.until(moment)) << read_file(of("log"));
    ::kill(running.rank(0), SIGKILL);
    EXPECT_GT(running.wait(), 0);
  }
  const Outcome finished = run(script("killed"));
  ASSERT_EQ(finished.status, 0) << finished.output;
  EXPECT_THAT(finished.output, HasSubstr("resumed from " + of("killed/student/step-0000000").string()));
  for (const char* name : {"teacher", "student", "coverage_net"}) {
    const std::string file = std::string("files/") + name + ".safetensors";
    EXPECT_TRUE(read_file(of("killed") / file) == read_file(of("whole") / file)) << file;
  }
}

TEST_F(TrainEmbedded, TwoAtOnceInOneFolderAreRefused) {
  Running running(script("busy"), of("log"));
  ASSERT_TRUE(running.until([] { return fs::exists(of("busy/photographs")); })) << read_file(of("log"));
  const Outcome second = run(script("busy"));
  EXPECT_EQ(second.status, 2);
  EXPECT_THAT(second.output, HasSubstr("is at work there"));
  ASSERT_TRUE(running.until([] { return is_being_written(of("busy/shards"), "shard-000000.h5"); }));
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
  fs::create_directories(of("empty"));
  const std::string photographs = "--images " + (*folder_ / "photographs");
  const std::pair<std::string, const char*> cases[] = {
      {"", "--images DIR is needed"},
      {"--images /nowhere", "/nowhere: no such folder"},
      {"--images", "--images needs a value"},
      {photographs + " --ranks two", "--ranks two: a positive number is needed"},
      {photographs + " --seed -1", "--seed -1: a whole number is needed"},
      {photographs + " --val-lq " + (*folder_ / "photographs"), "--val-lq and --val-gt belong together"},
      {photographs + " --steps 5", "unknown argument '--steps'"},
      {photographs + " --out " + (*folder_ / "log/x"), "cannot be made"},
      {photographs + " --out " + (*folder_ / "wrong") + " train.stepz=5", "did you mean 'train.steps'"},
      {"--images " + (*folder_ / "empty") + " --out " + (*folder_ / "wrong"), "0 photographs found"},
  };
  std::ofstream(of("log")) << "a file where a folder is asked for\n";
  for (const auto& [arguments, expected] : cases) {
    const Outcome outcome = run(plain_script(arguments));
    EXPECT_EQ(outcome.status, 2) << arguments << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected)) << arguments;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
  }
}

TEST_F(TrainEmbedded, FiftyStepsGiveTheSameWeightsOnOneAndTwoRanks) {
  for (const auto& [name, shards] :
       {std::pair("teacher", "shards"), std::pair("student_start", "shards"), std::pair("student", "rollouts")}) {
    const auto trained = [&, name = name, shards = shards](int ranks) {
      const std::string out = fmt::format("{}_on_{}", name, ranks);
      const Outcome outcome = run(samsr_on(
          ranks,
          fmt::format("train --config " SAMSR_SOURCE "/configs/embedded/{}.yaml{} train.steps=50 train.shards={} "
                      "train.out={} train.teacher_weights={} semantic.weights={}",
                      name, kSmall, *folder_ / (std::string("whole/") + shards), *folder_ / out,
                      *folder_ / "whole/teacher", *folder_ / "whole/files/coverage_net.safetensors")));
      EXPECT_EQ(outcome.status, 0) << outcome.output;
      return read_safetensors(of(out) / "step-00000050/student.safetensors");
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
