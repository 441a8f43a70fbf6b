// FID through `samsr eval`: ranks, kept features, statistics in and out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "eval/metric_weights_by_rule.h"
#include "launch/trained_runs.h"
#include "models/perceptual/inception.h"
#include "models/weights/safetensors.h"
#include "support/files.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

nlohmann::json methods_in(const fs::path& folder) {
  return nlohmann::json::parse(read_file(folder / "results.json")).at("methods");
}

class EvalSets : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    succeed(samsr("data export " + shared_shards() + " " + in("pairs") + " --count 5"));
    NamedWeights weights;
    for (const auto& [name, shape, type] : inception_weights()) {
      weights[name] = strong_by_rule(name, shape, 0);
    }
    fs::create_directories(in("weights"));
    write_safetensors(in("weights") / "pt_inception-2015-12-05-6726825d.pth", {{weights.begin(), weights.end()}, {}});
  }

  static std::string arguments(const std::string& out, const std::string& more = "") {
    return "eval --ref " + in("pairs/gt") + " --lq " + in("pairs/lq") + " --metrics fid,psnr_y --out " + in(out) +
           " weights.folder=" + in("weights") + " " + more;
  }
};

TEST_F(EvalSets, RanksAgreeAndFeaturesAreKept) {
  const Outcome first = run(samsr(arguments("one")));
  ASSERT_EQ(first.status, 0) << first.output;
  EXPECT_THAT(first.output, AllOf(HasSubstr("| FID ↓ |"), HasSubstr("(clean-fid)")));
  const nlohmann::json one = methods_in(in("one"));
  ASSERT_EQ(one.size(), 1U);
  const double figure = one[0].at("mean").at("fid");
  EXPECT_GT(figure, 0);
  EXPECT_LE(one[0].at("interval").at("fid")[0], figure);
  EXPECT_EQ(one[0].at("counted").at("fid"), 5);
  const Outcome three = run(samsr_on(3, arguments("three")));
  ASSERT_EQ(three.status, 0) << three.output;
  EXPECT_EQ(methods_in(in("three")), one);
  // Again, from the other's features: the network is not asked, so that nothing changes where it would answer
  // otherwise.
  const auto kept = contents(in("one/features"));
  EXPECT_EQ(kept.size(), 2U) << "bicubic and the references";
  EXPECT_EQ(contents(in("three/features")), kept) << "to the byte";
  const Outcome again = run(samsr_on(2, arguments("again", "eval.fid_features=" + in("one/features"))));
  ASSERT_EQ(again.status, 0) << again.output;
  EXPECT_EQ(methods_in(in("again")), one);
  EXPECT_FALSE(fs::exists(in("again/features")));
}

TEST_F(EvalSets, StatisticsTakeThePlaceOfReferences) {
  ASSERT_EQ(run(samsr(arguments("out", "eval.fid_statistics=true"))).status, 0);
  ASSERT_TRUE(fs::exists(in("out/statistics/fid/bicubic.npz")));
  const std::string against = "eval --lq " + in("pairs/lq") + " weights.folder=" + in("weights") +
                              " eval.fid_reference=" + in("out/statistics/fid-reference.npz") + " --out " +
                              in("against") + " --metrics ";
  const Outcome outcome = run(samsr(against + "fid"));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const double direct = methods_in(in("out"))[0].at("mean").at("fid");
  EXPECT_NEAR(methods_in(in("against"))[0].at("mean").at("fid"), direct, 1e-4 * direct);
  EXPECT_THAT(outcome.output, HasSubstr("against the statistics of fid-reference.npz"));
  const auto refused = [&](const std::string& metrics, const std::string& said) {
    const Outcome wrong = run(samsr(against + metrics));
    EXPECT_EQ(wrong.status, 2) << metrics;
    EXPECT_THAT(wrong.output, HasSubstr(said)) << metrics;
  };
  refused("fid_pytorch", "made by another protocol");
  refused("fid,fid_pytorch", "ask for one of fid and fid_pytorch, not both");
  refused("niqe", "ask for one of fid and fid_pytorch");
  write_text(in("out/statistics/fid-reference.npz"), "no zip");
  refused("fid", "is no .npz file that can be read");
}

TEST_F(EvalSets, WithoutWeightsOrReferencesALineSaysWhatIsMissing) {
  const Outcome weightless = run("SAMSR_WEIGHTS=" + in("no_weights") + " TORCH_HOME=" + in("no_torch") +
                                 " XDG_CACHE_HOME=" + in("no_cache") + " " +
                                 samsr("eval --ref " + in("pairs/gt") + " --lq " + in("pairs/lq") +
                                       " --metrics psnr_y,fid,dists --out " + in("weightless")));
  EXPECT_EQ(weightless.status, 2) << weightless.output;
  EXPECT_THAT(weightless.output,
              AllOf(HasSubstr("asked for and not measured: fid, dists; what could be measured is in"),
                    HasSubstr("pt_inception-2015-12-05-6726825d.pth is missing"),
                    HasSubstr("DISTS_weights-f5e65c96.pth"), HasSubstr("https://github.com/mseitzer/pytorch-fid")));
  EXPECT_EQ(nlohmann::json::parse(read_file(in("weightless/results.json"))).at("metrics").size(), 1U);
  const Outcome alone = run(samsr("eval --lq " + in("pairs/lq") + " --metrics fid --out " + in("alone") +
                                  " weights.folder=" + in("weights")));
  EXPECT_EQ(alone.status, 2);
  EXPECT_THAT(alone.output, AllOf(HasSubstr("fid compares with a reference"), HasSubstr("--ref")));
}

TEST_F(EvalSets, ValidationHasNoMetricOfWholeSets) {
  const Outcome outcome = run(
      samsr(train("run", "train.recipe=resshift train.steps=2 val.every=2 val.metrics=psnr_y,fid " +
                             std::string("val.lq=") + in("pairs/lq").string() + " val.gt=" + in("pairs/gt").string())));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, HasSubstr("val.metrics has fid, of a set as a whole"));
}

}  // namespace
}  // namespace samsr::testing
