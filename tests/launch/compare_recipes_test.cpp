// launch/compare_recipes at toy size: a student of each of some recipes, the page, kills, what is complete passed over,
// mistakes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "core/atomic_file.h"
#include "eval/metric_weights_by_rule.h"
#include "launch/mistakes.h"
#include "launch/running.h"
#include "launch/trained_runs.h"
#include "models/perceptual/tiny_encoder.h"
#include "models/weights/safetensors.h"
#include "support/files.h"
#include "support/small_model.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CompareRecipes : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    succeed(samsr("data export " + shared_shards() + " " + in("exported") + " --count 2"));
    fs::create_directories(in("weights"));
    const NamedWeights encoder = weights_by_rule(tiny_encoder_weights(), 1);
    write_safetensors(in("weights/taesana_encoder.pth"), {{encoder.begin(), encoder.end()}, {}});
    log_ = succeed(script(
        "whole", "--recipes samsr,sinsr,rsd,vsd --val-lq " + in("exported/lq") + " --val-gt " + in("exported/gt")));
  }

  static std::string plain_script(const std::string& arguments) {
    return "SAMSR_BINARY=" SAMSR_BINARY
           " OMP_NUM_THREADS=1 TORCH_HOME=/nowhere XDG_CACHE_HOME=/nowhere "
           "SAMSR_WEIGHTS=" +
           in("weights") + " " SAMSR_SOURCE "/launch/compare_recipes " + arguments;
  }
  static std::string script(const std::string& out, const std::string& more) {
    return plain_script("--photographs " + shared_photographs() + " --out " + in(out) +
                        " --images 24 --held-out 3 --device cpu" + small_settings() +
                        "unet.conv_resample=true data.samples_per_shard=8 train.teacher_weights=" + shared_teacher() +
                        " train.global_batch=4 train.microbatch=2 'train.milestones=[2]' train.threads=1"
                        " train.tensorboard=false train.checkpoint_every=2 semantic.loss=none discriminator.channels=4"
                        " discriminator.c_dim=4 rsd.node_count=2 " +
                        more);
  }

  static inline std::string log_;  ///< of the run `whole`
};

TEST_F(CompareRecipes, OneCommandTrainsMeasuresAndShowsAStudentOfEachRecipeAskedFor) {
  const std::string page = read_file(in("whole/compare.md"));
  EXPECT_THAT(log_,
              AllOf(HasSubstr(page), HasSubstr("sinsr: training, 6 steps of 4 images"),
                    HasSubstr("niqe is not measured: the pictures in " + in("whole/sets/val_pairs/gt").string())));
  EXPECT_THAT(page, AllOf(HasSubstr("| images | 24 each: 6 steps of 4 |"), HasSubstr("### Everything measured"),
                          HasSubstr("val_pairs SSIM-Y ↑"), HasSubstr("held_out PSNR-Y ↑"),
                          HasSubstr("Training s / step"), HasSubstr("### Differences from samsr, image by image")));
  const nlohmann::json figures = nlohmann::json::parse(read_file(in("whole/compare.json")));
  const nlohmann::json& differences = figures["differences"][0];
  std::vector<std::string> methods;
  for (const nlohmann::json& row : differences["rows"]) {
    methods.push_back(row["method"]);
  }
  EXPECT_THAT(methods, ::testing::ElementsAre("bicubic", "teacher", "sinsr", "rsd", "vsd"));
  // A difference of means is the mean of the differences, and its interval is of the images' own differences.
  const auto cell = [](const nlohmann::json& table, const std::string& method, const std::string& label) {
    for (const nlohmann::json& row : table["rows"]) {
      for (std::size_t c = 0; c < table["columns"].size() && row["method"] == method; ++c) {
        if (table["columns"][c]["label"] == label) {
          return row["cells"][c];
        }
      }
    }
    return nlohmann::json();
  };
  const nlohmann::json& means = figures["figures"][0];
  const std::string label = "held_out PSNR-Y";
  const nlohmann::json difference = cell(differences, "rsd", label);
  EXPECT_NEAR(difference["value"].get<double>(),
              cell(means, "rsd", label)["value"].get<double>() - cell(means, "samsr", label)["value"].get<double>(),
              1e-9);
  EXPECT_LE(difference["interval"][0], difference["value"]);
  EXPECT_GE(difference["interval"][1], difference["value"]);
  EXPECT_GT(fs::file_size(in("whole/strip.png")), 0U);
  // Each recipe made another student of the same start.
  EXPECT_THAT(read_file(in("whole/vsd/config.yaml")), HasSubstr("gradient: stop"));
  EXPECT_FALSE(read_file(in("whole/vsd/step-00000006/student.safetensors")) ==
               read_file(in("whole/rsd/step-00000006/student.safetensors")));
}

TEST_F(CompareRecipes, KilledAndStartedAgainItEndsWithTheSameBytesAndPassesOverWhatIsComplete) {
  const std::string command = script("killed", "--recipes samsr,rsd");
  {
    Running running(command, in("log"));
    ASSERT_TRUE(running.until([] { return fs::exists(in("killed/rsd/step-00000002")); })) << read_file(in("log"));
    ::kill(running.rank(0), SIGKILL);
    EXPECT_GT(running.wait(), 0);
  }
  const Outcome finished = run(command);
  ASSERT_EQ(finished.status, 0) << finished.output;
  EXPECT_THAT(finished.output, AllOf(HasSubstr("samsr: complete"), HasSubstr("resumed from ")));
  for (const char* name : {"samsr", "rsd"}) {
    expect_equal_checkpoints(in("whole") / name / "step-00000006", in("killed") / name / "step-00000006");
  }
  const Outcome again = run(command);
  ASSERT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output,
              AllOf(HasSubstr("rsd: complete"), HasSubstr("figures: complete"), Not(HasSubstr(": training"))));
  const Outcome other = run(script("killed", "--recipes samsr,rsd --images 28"));
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, HasSubstr("was begun with other settings"));
}

TEST_F(CompareRecipes, WhenItsMinutesAreOverTheRestIsLeftForLater) {
  const Outcome outcome = run(script("short", "--recipes samsr,vsd --minutes 0.01"));
  EXPECT_EQ(outcome.status, 1) << outcome.output;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("vsd: left for later, 0.01 minutes are over"), HasSubstr("too few models are complete")));
}

TEST_F(CompareRecipes, MistakesAreOneLine) {
  write_text(in("file"), "a file where a folder is asked for\n");
  fs::create_directories(in("empty"));
  const std::string photographs = "--photographs " + shared_photographs() + " ";
  const std::pair<std::string, const char*> cases[] = {
      {"", "--photographs DIR is needed"},
      {"--photographs /nowhere", "/nowhere: no such folder"},
      {"--photographs", "--photographs needs a value"},
      {photographs + "--recipes samsr,sam", "'sam' is none of samsr"},
      {photographs + "--recipes rsd,vsd", "samsr is missing"},
      {photographs + "--recipes samsr", "name them too"},
      {photographs + "--recipes samsr,rsd,rsd", "each once"},
      {photographs + "--images 0", "--images 0: a positive number is needed"},
      {photographs + "--images 5", "a step alone sees 32"},
      {photographs + "--minutes soon", "--minutes soon: a number is needed"},
      {photographs + "--val-lq " + shared_photographs(), "--val-lq and --val-gt belong together"},
      {photographs + "train.steps=5", "the script sets train.steps itself"},
      {photographs + "train.stepz=5", "did you mean 'train.steps'"},
      {photographs + "--device tpu", "train.device"},
      {photographs + "--nonsense", "unknown argument '--nonsense'"},
      {photographs + "weights.folder=" + in("empty"), "vpdsr: distill.lambda_perceptual needs taesana_encoder.pth"},
      {photographs + "--out " + in("file"), "cannot be made"},
  };
  for (const auto& [arguments, expected] : cases) {
    expect_mistake(plain_script(arguments), expected);
  }
}

}  // namespace
}  // namespace samsr::testing
