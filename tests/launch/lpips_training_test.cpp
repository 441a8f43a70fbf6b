// The teacher with LPIPS in its loss, trained through the program with official files made by rule.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "eval/metric_weights_by_rule.h"
#include "launch/trained_runs.h"
#include "models/perceptual/lpips_network.h"
#include "models/weights/safetensors.h"

namespace samsr::testing {
namespace {
using ::testing::AllOf;
using ::testing::HasSubstr;

class LpipsTraining : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    std::filesystem::create_directories(in("weights"));
    write("vgg16-397923af.pth", weights_by_rule(lpips_trunk_weights(LpipsTrunk::kVgg), 1));
    write("vgg.pth", linear_weights_by_rule(lpips_linear_weights(LpipsTrunk::kVgg), 1));
  }

  static void write(const std::string& name, const NamedWeights& weights) {
    write_safetensors(in("weights") / name, {{weights.begin(), weights.end()}, {}});
  }
  static std::string teacher(const std::string& out, const std::string& more) {
    return train(out, "train.recipe=resshift resshift.lambda_lpips=0.5 train.checkpoint_every=2 weights.folder=" +
                          in("weights") + " " + more);
  }
};

TEST_F(LpipsTraining, IsTheSameOnTwoRanksAndAfterStopping) {
  const Outcome one = run(samsr(teacher("one", "train.steps=4")));
  ASSERT_EQ(one.status, 0) << one.output;
  EXPECT_THAT(one.output, AllOf(HasSubstr("0.5 × LPIPS"), HasSubstr("vgg16-397923af.pth"), HasSubstr("LPIPS 59")));
  const auto lines = metrics("one");
  ASSERT_EQ(lines.size(), 4U);
  const Outcome plain = run(samsr(train("plain", "train.recipe=resshift train.steps=1")));
  ASSERT_EQ(plain.status, 0) << plain.output;
  const double mse = metrics("plain")[0]["loss"];
  EXPECT_NEAR(lines[0]["mse"].get<double>(), mse, 1e-6 * mse);
  EXPECT_GT(lines[0]["lpips"].get<double>(), 1e-4);
  EXPECT_NEAR(lines[0]["loss"].get<double>(), mse + 0.5 * lines[0]["lpips"].get<double>(), 1e-5);

  const Outcome two = run(samsr_on(2, teacher("two", "train.steps=4")));
  ASSERT_EQ(two.status, 0) << two.output;
  expect_equal_figures(lines, metrics("two"), {"loss", "lpips"}, 1e-4);
  succeed(samsr(teacher("resumed", "train.steps=2")));
  succeed(samsr(teacher("resumed", "train.steps=4")));
  expect_equal_figures(lines, metrics("resumed"), {"loss", "grad_norm", "lpips"});
  expect_equal_checkpoints(in("one/step-00000004"), in("resumed/step-00000004"));
  const Outcome other = run(samsr(teacher("resumed", "train.steps=6 resshift.lambda_lpips=0.25")));
  EXPECT_EQ(other.status, 2) << "another training: " << other.output;
  EXPECT_THAT(other.output, HasSubstr("resshift.lambda_lpips: 0.5 → 0.25"));
}

TEST_F(LpipsTraining, AMissingFileIsOneLine) {
  const Outcome missing = run("HOME=/nowhere TORCH_HOME=/nowhere XDG_CACHE_HOME=/nowhere " +
                              samsr(teacher("wrong", "train.steps=1 weights.folder=" + in("empty"))));
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.output, AllOf(HasSubstr("resshift.lambda_lpips is 0.5: vgg16-397923af.pth is missing"),
                                    HasSubstr(in("empty").string()), HasSubstr("resshift.lambda_lpips=0")));
}

}  // namespace
}  // namespace samsr::testing
