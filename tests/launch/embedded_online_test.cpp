// launch/train_embedded with configs/embedded2, on networks small enough for a test: pairs that are degraded while
// training, steps by time, what lies between the two students, mistakes.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

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
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSmall = small_sizes() +
                           "data.samples=8 coverage_net.held_out=0.25 unet.model_channels=32 discriminator.channels=8 "
                           "data.samples_per_shard=8 train.global_batch=4 train.microbatch=2"
                           " 'train.milestones=[2]' train.threads=1 train.tensorboard=false ";

class TrainEmbeddedOnline : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    const NamedWeights encoder = weights_by_rule(tiny_encoder_weights(), 3);
    write_safetensors(in("encoder.safetensors"), {{encoder.begin(), encoder.end()}, {}});
    log_ = succeed(script("whole", "train.steps=4 discriminator.start=3"));
  }

  static std::string plain_script(const std::string& arguments) {
    return "SAMSR_BINARY=" SAMSR_BINARY " OMP_NUM_THREADS=1 " SAMSR_SOURCE "/launch/train_embedded --photographs " +
           shared_photographs() + " " + arguments;
  }
  static std::string script(const std::string& out, const std::string& more) {
    return plain_script("--configs " SAMSR_SOURCE "/configs/embedded2 --device cpu --ranks 1 --out " + in(out) +
                        " --perceptual " + in("encoder.safetensors") + kSmall + more);
  }

  static inline std::string log_;  ///< of the run `whole`
};

TEST_F(TrainEmbeddedOnline, LeavesTheStudentsWhatLiesBetweenThemAndFigures) {
  for (const char* name : {"teacher", "coverage_net", "student_start", "student_end", "blend_0.3", "blend_0.5",
                           "blend_0.7", "blend_0.85"}) {
    EXPECT_TRUE(fs::exists(in("whole/files") / (std::string(name) + ".safetensors"))) << name;
  }
  const auto weights = [](const std::string& name) {
    const TensorFile file = read_safetensors(in("whole/files") / (name + ".safetensors"));
    return std::map<std::string, at::Tensor>(file.tensors.begin(), file.tensors.end());
  };
  const auto start = weights("student_start");
  const auto end = weights("student_end");
  double moved = 0;
  for (const auto& [name, tensor] : weights("student")) {
    EXPECT_EQ(tensor.scalar_type(), at::kHalf) << name;
    const at::Tensor between = 0.3 * start.at(name).to(at::kDouble) + 0.7 * end.at(name).to(at::kDouble);
    EXPECT_TRUE(tensor.to(at::kDouble).allclose(between, 1e-3, 1e-4)) << name;
    moved = std::max(moved, (end.at(name) - start.at(name)).abs().max().item<double>());
  }
  EXPECT_GT(moved, 0);
  const auto results = nlohmann::json::parse(read_file(in("whole/validation/results.json")));
  std::vector<std::string> methods;
  for (const auto& method : results["methods"]) {
    methods.push_back(method["name"]);
    EXPECT_TRUE(method["mean"]["ssim_y"].is_number()) << methods.back();
  }
  EXPECT_EQ(methods, (std::vector<std::string>{"bicubic", "shipped", "start", "end", "blend 0.3", "blend 0.5",
                                               "blend 0.7", "blend 0.85"}));
  EXPECT_THAT(log_, AllOf(HasSubstr("blend 0.7"), HasSubstr("PSNR-Y")));
}

TEST_F(TrainEmbeddedOnline, StagesLearnByTheLossesOfTheirSettings) {
  const auto last = [](const char* stage) { return metrics(std::string("whole/") + stage).back(); };
  EXPECT_FALSE(last("student_start").contains("adversarial"));
  for (const char* term : {"l1", "structure", "perceptual", "semantic"}) {
    EXPECT_TRUE(last("student_start").contains(term)) << last("student_start").dump();
    EXPECT_TRUE(last("student").contains(term)) << last("student").dump();
  }
  EXPECT_TRUE(last("student").contains("adversarial")) << last("student").dump();
  EXPECT_EQ(last("teacher")["step"], 4);
}

TEST_F(TrainEmbeddedOnline, WhatIsCompleteIsPassedOverAndOtherSettingsAreRefused) {
  const auto files = contents(in("whole/files"));
  const std::string again = succeed(script("whole", "train.steps=4 discriminator.start=3"));
  EXPECT_THAT(again, AllOf(HasSubstr("coverage_net: complete"), HasSubstr("teacher: complete"),
                           HasSubstr("student_start: complete"), HasSubstr("student: complete"),
                           HasSubstr("figures: complete"), HasSubstr("blend 0.7")));
  EXPECT_EQ(contents(in("whole/files")), files);
  const Outcome other = run(script("whole", "train.steps=4 discriminator.start=3 distill.lambda_l1=2"));
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, HasSubstr("was begun with other settings or from other inputs: lambda_l1"));
}

TEST_F(TrainEmbeddedOnline, AStageGoesOnInStretchesHereOrFromTheFilesOfAnotherRun) {
  fs::copy(SAMSR_SOURCE "/configs/embedded2", in("configs"));
  write_file_atomically(in("configs/student_2.yaml"), "base: student.yaml\n\ntrain:\n  lr: 1.0e-4\n");
  const auto go_on = [](const std::string& out, const std::string& more) {
    return succeed(plain_script("--configs " + in("configs") + " --device cpu --ranks 1 --out " + in(out) + more +
                                " --perceptual " + in("encoder.safetensors") + kSmall +
                                "train.steps=4 discriminator.start=3"));
  };
  const std::string log = go_on("elsewhere", " --stages-from " + in("whole/stages"));
  for (const char* stage : {"coverage_net", "teacher", "student_start", "student"}) {
    EXPECT_THAT(log, HasSubstr(std::string(stage) + ": taken from " + in("whole/stages")));
    EXPECT_FALSE(fs::exists(in("elsewhere/") + stage)) << stage;
  }
  EXPECT_THAT(
      log, AllOf(HasSubstr("first weights " + in("elsewhere/stages/student.safetensors")),
                 HasSubstr("first weights of the discriminator " + in("elsewhere/stages/student_critic.safetensors"))));
  EXPECT_THAT(read_file(in("elsewhere/student_2/config.yaml")),
              AllOf(HasSubstr("lr: 0.0001"), ContainsRegex("data:\n([ ]+[^\n]*\n)*  seed: 2\n")));

  fs::copy(in("whole"), in("here"), fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  EXPECT_THAT(go_on("here", ""), AllOf(HasSubstr("student: complete"), HasSubstr("student_2: training")));
  for (const char* file : {"student_2", "student_2_critic"}) {
    const std::string name = std::string("/stages/") + file + ".safetensors";
    EXPECT_TRUE(read_file(in("here") + name) == read_file(in("elsewhere") + name)) << file << " has other bytes";
  }
  EXPECT_FALSE(read_file(in("here/files/student_end.safetensors")) ==
               read_file(in("whole/files/student_end.safetensors")));
}

TEST_F(TrainEmbeddedOnline, StepsFollowFromTheTimeAndStay) {
  const auto steps = [] { return read_file(in("timed/coverage_net.steps")); };
  {
    Running running(script("timed", "--minutes 1"), in("log"));
    ASSERT_TRUE(running.until([] { return fs::exists(in("timed/coverage_net/latest")); })) << read_file(in("log"));
    ::kill(running.pid(), SIGTERM);
    running.wait();
  }
  const std::string chosen = steps();
  EXPECT_GE(std::stoi(chosen), 20);
  EXPECT_EQ(std::stoi(chosen) % 10, 0) << chosen;
  EXPECT_THAT(read_file(in("log")), HasSubstr("coverage_net: " + chosen.substr(0, chosen.size() - 1) + " steps of "));
  EXPECT_THAT(read_file(in("timed/coverage_net/config.yaml")), HasSubstr("steps: " + chosen));
  EXPECT_FALSE(fs::exists(in("timed/probe/latest"))) << "what was tried is removed";
}

TEST_F(TrainEmbeddedOnline, MistakesAreOneLine) {
  const std::string second = "--configs " SAMSR_SOURCE "/configs/embedded2 ";
  fs::create_directories(in("empty"));
  const std::pair<std::string, const char*> cases[] = {
      {"--device tpu", "--device tpu: cpu or cuda is needed"},
      {"--minutes 0", "--minutes 0: a positive number is needed"},
      {"--minutes 8", "is for settings that degrade while training, as configs/embedded2"},
      {"--stages-from " + in("empty"), "is for settings that degrade while training, as configs/embedded2"},
      {second + "--stages-from " + in("empty"), "holds no .safetensors file"},
      {second + "--stages-from /nowhere", "/nowhere: no such folder"},
      {"--configs /nowhere", "/nowhere: no such folder"},
      {"--configs " + in("empty"), "holds no data.yaml"},
      {second + "--install", "--install: files are installed with a model card"},
      {second + "--out " + in("wrong"), "--perceptual FILE is needed: distill.lambda_perceptual of "},
      {second + "--perceptual /nowhere", "--perceptual /nowhere: no such file"},
      {"--perceptual " + in("encoder.safetensors") + " --out " + in("wrong"), "is 0, so nothing looks at it"},
  };
  for (const auto& [arguments, expected] : cases) {
    expect_mistake(plain_script(arguments), expected);
  }
}

}  // namespace
}  // namespace samsr::testing
