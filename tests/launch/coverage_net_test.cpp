// The network that L_SC asks, trained and used through the program itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "program.h"

namespace samsr::testing {
namespace {
using ::testing::HasSubstr;

class CoverageNetVerb : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder("coverage_net_verb");
    const Outcome built = build_shards(*folder_, "data.samples=400 data.samples_per_shard=100");
    ASSERT_EQ(built.status, 0) << built.output;
    const Outcome trained = run(samsr(arguments("net", kNet)));
    ASSERT_EQ(trained.status, 0) << trained.output;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string arguments(const std::string& out, const std::string& more) {
    return "train" + std::string(kTinySettings) + "train.global_batch=8 train.microbatch=8 train.lr=1e-3" +
           " 'train.milestones=[2]' train.seed=9 train.threads=1 train.checkpoint_every=20 train.shards=" +
           (*folder_ / "shards") + " train.out=" + (*folder_ / out) + " " + more;
  }
  static std::string student(const std::string& out, const std::string& more) {
    return arguments(out,
                     "train.recipe=samsr train.teacher_weights=" + (*folder_ / "teacher") + " train.steps=3 " + more);
  }

  static std::vector<nlohmann::json> metrics(const std::string& out) { return metrics_of(*folder_ / out); }

  static constexpr const char* kNet =
      "train.recipe=coverage_net train.steps=120 train.lr=2e-3 train.ema_rate=0.9 coverage_net.held_out=0.2"
      " val.every=10 ";
  static TemporaryFolder* folder_;
};

TemporaryFolder* CoverageNetVerb::folder_ = nullptr;

TEST_F(CoverageNetVerb, LearnsWhatItIsNotShown) {
  const auto lines = metrics("net");
  ASSERT_EQ(lines.size(), 120U);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].contains("held_out_hr"), (i + 1) % 10 == 0) << "step " << i + 1;
  }
  for (const char* kind : {"held_out_hr", "held_out_lr"}) {
    const double error = lines.back()[kind];
    const double constant = lines.back()[std::string(kind) + "_constant"];
    EXPECT_LT(error, 0.9 * constant) << kind;
    EXPECT_GT(error, 0) << kind;
  }
}

TEST_F(CoverageNetVerb, IsTheSameOnAnyRanksAndAfterStopping) {
  const Outcome two = run(samsr_on(2, arguments("net_two", std::string(kNet) + "train.steps=20")));
  ASSERT_EQ(two.status, 0) << two.output;
  ASSERT_EQ(run(samsr(arguments("net_resumed", std::string(kNet) + "train.steps=10"))).status, 0);
  const Outcome resumed = run(samsr(arguments("net_resumed", std::string(kNet) + "train.steps=20")));
  ASSERT_EQ(resumed.status, 0) << resumed.output;
  const auto one = metrics("net");
  for (const auto& [name, tolerance] : {std::pair("net_two", 1e-4), std::pair("net_resumed", 0.0)}) {
    const auto other = metrics(name);
    ASSERT_EQ(other.size(), 20U) << name;
    for (std::size_t i = 0; i < other.size(); ++i) {
      const double loss = one[i]["loss"];
      EXPECT_NEAR(loss, other[i]["loss"].get<double>(), tolerance * loss) << name << ", step " << i + 1;
    }
    for (const char* figure : {"held_out_hr", "held_out_lr", "held_out_hr_constant", "held_out_lr_constant"}) {
      const double value = one[19][figure];
      EXPECT_NEAR(value, other[19][figure].get<double>(), tolerance * value) << name << ", " << figure;
    }
  }
}

TEST_F(CoverageNetVerb, GivesTheStudentItsSemanticLoss) {
  const Outcome taught = run(samsr(arguments("teacher", "train.recipe=resshift train.steps=2")));
  ASSERT_EQ(taught.status, 0) << taught.output;
  const std::string weights = " semantic.weights=" + (*folder_ / "net") + " ";

  const Outcome without = run(samsr(student("none", "semantic.loss=none")));
  ASSERT_EQ(without.status, 0) << without.output;
  EXPECT_FALSE(metrics("none").back().contains("semantic"));

  const Outcome with = run(samsr(student("with", "semantic.loss=coverage_net semantic.lambda=0.5" + weights)));
  ASSERT_EQ(with.status, 0) << with.output;
  const auto lines = metrics("with");
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_GT(lines[0]["semantic"].get<double>(), 0);
  const auto plain = metrics("none");
  EXPECT_NEAR(lines[0]["loss"].get<double>(), plain[0]["loss"].get<double>() + 0.5 * lines[0]["semantic"].get<double>(),
              1e-5);
  EXPECT_NE(lines[2]["gt"], plain[2]["gt"]) << "the gradient reached the student";

  const Outcome counted = run(samsr(student("amg", "semantic.loss=amg semantic.every=2")));
  ASSERT_EQ(counted.status, 0) << counted.output;
  EXPECT_THAT(counted.output, HasSubstr("no gradient"));
  const auto amg = metrics("amg");
  EXPECT_TRUE(amg[0].contains("semantic"));
  EXPECT_FALSE(amg[1].contains("semantic"));
  EXPECT_TRUE(amg[2].contains("semantic"));
  for (std::size_t i = 0; i < amg.size(); ++i) {
    EXPECT_EQ(amg[i]["loss"], plain[i]["loss"]) << "step " << i + 1;
  }

  const std::pair<std::string, const char*> cases[] = {
      {"semantic.loss=coverage_net", "semantic.weights is not set"},
      {"semantic.loss=coverage_net semantic.weights=/nowhere", "/nowhere"},
      {"semantic.loss=coverage_net semantic.weights=" + (*folder_ / "teacher"), "samsr-coverage-net/1"},
      {"semantic.loss=amg masks.source=sam", "masks.weights"},
  };
  for (const auto& [settings, expected] : cases) {
    const Outcome outcome = run(samsr(student("wrong", settings)));
    EXPECT_EQ(outcome.status, 2) << settings << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected));
  }
}

TEST_F(CoverageNetVerb, SaysWhatTheShardsLack) {
  const std::string build = "data build" + std::string(kTinySettings) +
                            "data.samples=4 data.images=" + (*folder_ / "photographs") +
                            " data.out=" + (*folder_ / "bare");
  ASSERT_EQ(run(samsr(build + " data.coverage_hr=false data.latents=false")).status, 0);
  const std::string shards = std::string(kNet) + " train.shards=" + (*folder_ / "bare");
  const Outcome coverage = run(samsr(arguments("wrong", shards)));
  EXPECT_EQ(coverage.status, 2);
  EXPECT_THAT(coverage.output, HasSubstr("data.coverage_hr=true"));
  const Outcome latents = run(samsr(arguments("wrong", shards + " coverage_net.input=latent")));
  EXPECT_EQ(latents.status, 2);
  EXPECT_THAT(latents.output, HasSubstr("data.latents=true"));
}

}  // namespace
}  // namespace samsr::testing
