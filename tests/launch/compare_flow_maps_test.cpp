// launch/compare_flow_maps at toy size: flow maps of both factors, the page, what is complete passed over, mistakes.
// What it does where it is cut, compare_recipes_test.cpp shows of the script that shares it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "launch/mistakes.h"
#include "launch/trained_runs.h"
#include "support/small_model.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class CompareFlowMaps : public TrainedRuns {
 protected:
  static std::string plain_script(const std::string& arguments) {
    return "SAMSR_BINARY=" SAMSR_BINARY
           " OMP_NUM_THREADS=1 TORCH_HOME=/nowhere XDG_CACHE_HOME=/nowhere "
           "SAMSR_WEIGHTS=/nowhere " SAMSR_SOURCE "/launch/compare_flow_maps " +
           arguments;
  }
  static std::string script(const std::string& more) {
    return plain_script("--photographs " + shared_photographs() + " --out " + in("out") +
                        " --models flow,shortcut,eulerian --images 12 --held-out 2 --device cpu" + small_settings() +
                        "unet.conv_resample=true data.samples=16 data.samples_per_shard=4 train.global_batch=4"
                        " train.microbatch=2 'train.milestones=[2]' train.threads=1 train.tensorboard=false " +
                        more);
  }
};

TEST_F(CompareFlowMaps, OneCommandTrainsMeasuresAndShowsFlowMapsOfBothFactors) {
  const std::string log = succeed(script(""));
  const std::string page = read_file(in("out/compare.md"));
  EXPECT_THAT(log,
              AllOf(HasSubstr(page), HasSubstr("eulerian: training, 3 steps of 4 images"),
                    HasSubstr("niqe is not measured: the pictures in "), HasSubstr("flow map in 4 steps of Euler's"),
                    HasSubstr("flow map in 1 step, positive prompt")));
  EXPECT_THAT(page,
              AllOf(HasSubstr("| images | 12 each: 3 steps of 4 |"), HasSubstr("×4 PSNR-Y ↑"), HasSubstr("×8 SSIM-Y ↑"),
                    HasSubstr("Training s / step"), HasSubstr("### Differences from shortcut-1, image by image"),
                    HasSubstr("### Differences from shortcut-4, image by image"), HasSubstr("strip_x8.png")));
  const nlohmann::json figures = nlohmann::json::parse(read_file(in("out/compare.json")));
  ASSERT_EQ(figures["differences"].size(), 2U);
  std::vector<std::string> methods;
  for (const nlohmann::json& row : figures["differences"][0][0]["rows"]) {
    methods.push_back(row["method"]);
  }
  EXPECT_THAT(methods, ElementsAre("bicubic", "flow-1", "flow-4", "shortcut-4", "eulerian-1", "eulerian-4"));
  for (const char* strip : {"strip_x4.png", "strip_x8.png"}) {
    EXPECT_GT(fs::file_size(in("out") / strip), 0U);
  }
  // A flow map of its own was made each way.
  EXPECT_THAT(read_file(in("out/flow/config.yaml")), HasSubstr("diag_fraction: 1"));
  EXPECT_FALSE(read_file(in("out/eulerian/step-00000003/student.safetensors")) ==
               read_file(in("out/shortcut/step-00000003/student.safetensors")));

  const Outcome again = run(script(""));
  ASSERT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output,
              AllOf(HasSubstr("eulerian: complete"), HasSubstr("figures: complete"), Not(HasSubstr(": training"))));
  EXPECT_EQ(read_file(in("out/compare.md")), page);
  const Outcome other = run(script("train.lr=1e-3"));
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, HasSubstr("was begun with other settings"));
}

TEST_F(CompareFlowMaps, MistakesAreOneLine) {
  const std::string photographs = "--photographs " + shared_photographs() + " ";
  const std::pair<std::string, const char*> cases[] = {
      {"", "--photographs DIR is needed"},
      {"--photographs /nowhere", "/nowhere: no such folder"},
      {photographs + "--models shortcut,straight", "'straight' is none of flow shortcut lagrangian eulerian"},
      {photographs + "--models flow,eulerian", "shortcut is missing"},
      {photographs + "--models shortcut", "name them too"},
      {photographs + "--models flow,shortcut,flow", "each once"},
      {photographs + "--images 5", "a step alone sees 32"},
      {photographs + "'data.scales=[4]'", "the script sets data.scales itself"},
      {photographs + "train.stepz=5", "did you mean 'train.steps'"},
      {photographs + "--nonsense", "unknown argument '--nonsense'"},
  };
  for (const auto& [arguments, expected] : cases) {
    expect_mistake(plain_script(arguments), expected);
  }
}

}  // namespace
}  // namespace samsr::testing
