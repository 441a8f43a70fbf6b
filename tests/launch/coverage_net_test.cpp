// The network that L_SC asks, trained and used through the program itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "launch/trained_runs.h"

namespace samsr::testing {
namespace {
using ::testing::HasSubstr;

class CoverageNetVerb : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    succeed(samsr(build(in("shards"), "data.samples=400 data.samples_per_shard=100")));
    succeed(samsr(arguments("net", kNet)));
  }

  static std::string arguments(const std::string& out, const std::string& more) {
    return train(out, "train.global_batch=8 train.microbatch=8 train.checkpoint_every=20 train.shards=" + in("shards") +
                          " " + more);
  }
  static std::string student(const std::string& out, const std::string& more) {
    return arguments(out, "train.recipe=samsr train.steps=3 " + more);
  }

  static constexpr const char* kNet =
      "train.recipe=coverage_net train.steps=120 train.lr=2e-3 train.ema_rate=0.9 coverage_net.held_out=0.2"
      " val.every=10 ";
};

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
  const auto whole = metrics("net");
  const std::vector<nlohmann::json> one(whole.begin(), whole.begin() + 20);
  for (const auto& [name, tolerance] : {std::pair("net_two", 1e-4), std::pair("net_resumed", 0.0)}) {
    const auto other = metrics(name);
    expect_equal_figures(one, other, {"loss"}, tolerance);
    ASSERT_EQ(other.size(), one.size());
    expect_equal_figures({one.back()}, {other.back()},
                         {"held_out_hr", "held_out_lr", "held_out_hr_constant", "held_out_lr_constant"}, tolerance);
  }
}

TEST_F(CoverageNetVerb, GivesTheStudentItsSemanticLoss) {
  const std::string weights = " semantic.weights=" + in("net") + " ";

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
  expect_equal_figures(plain, amg, {"loss"});

  const std::pair<std::string, const char*> cases[] = {
      {"semantic.loss=coverage_net", "semantic.weights is not set"},
      {"semantic.loss=coverage_net semantic.weights=/nowhere", "/nowhere"},
      {"semantic.loss=coverage_net semantic.weights=" + shared_teacher(), "samsr-coverage-net/1"},
      {"semantic.loss=amg masks.source=sam", "masks.weights"},
  };
  for (const auto& [settings, expected] : cases) {
    const Outcome outcome = run(samsr(student("wrong", settings)));
    EXPECT_EQ(outcome.status, 2) << settings << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(expected));
  }
}

TEST_F(CoverageNetVerb, SaysWhatTheShardsLack) {
  succeed(samsr(build(in("bare"), "data.samples=4 data.coverage_hr=false data.latents=false")));
  const std::string shards = std::string(kNet) + " train.shards=" + in("bare");
  const Outcome coverage = run(samsr(arguments("wrong", shards)));
  EXPECT_EQ(coverage.status, 2);
  EXPECT_THAT(coverage.output, HasSubstr("data.coverage_hr=true"));
  const Outcome latents = run(samsr(arguments("wrong", shards + " coverage_net.input=latent")));
  EXPECT_EQ(latents.status, 2);
  EXPECT_THAT(latents.output, HasSubstr("data.latents=true"));
}

}  // namespace
}  // namespace samsr::testing
