// Validation on pictures while training: the figures of eval, a panel, the best checkpoint kept.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "launch/trained_runs.h"
#include "support/files.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ValidationWhileTraining : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    const std::vector<fs::path> photographs = list_images(shared_photographs());
    ASSERT_GE(photographs.size(), 3U);
    fs::create_directories(in("lq"));
    fs::create_directories(in("gt"));
    for (std::size_t i = 0; i < 3; ++i) {
      const cv::Mat gt = read_image(photographs[i]).rgb(cv::Rect(0, 0, 128, 128));
      cv::Mat lq;
      cv::resize(gt, lq, cv::Size(32, 32), 0, 0, cv::INTER_AREA);
      write_png(in("gt/" + std::to_string(i) + ".png"), gt);
      write_png(in("lq/" + std::to_string(i) + ".png"), lq);
    }
  }

  static std::string arguments(const std::string& out, const std::string& more) {
    return train(out, "train.recipe=resshift train.checkpoint_every=100 train.keep=1 val.every=2 val.panel=2 val.lq=" +
                          in("lq") + " " + more);
  }
  static std::string with_gt() { return " val.gt=" + in("gt") + " "; }

  /// step → value of a figure in metrics.jsonl.
  static std::map<int, double> figure(const std::string& out, const std::string& name) {
    std::map<int, double> found;
    for (const nlohmann::json& entry : metrics(out)) {
      if (entry.contains(name)) {
        found[entry["step"]] = entry[name];
      }
    }
    return found;
  }
};

TEST_F(ValidationWhileTraining, MeasuresTheAveragedWeightsAndKeepsTheBest) {
  const Outcome trained = run(samsr(arguments("run", with_gt() + "train.steps=5")));
  ASSERT_EQ(trained.status, 0) << trained.output;
  const std::map<int, double> psnr = figure("run", "psnr_y");
  ASSERT_EQ(psnr.size(), 3U) << trained.output;  // steps 2, 4 and the last
  EXPECT_EQ(figure("run", "ssim_y").size(), 3U);

  const auto best = nlohmann::json::parse(read_file(in("run/best")));
  double highest = 0;
  int at = 0;
  for (const auto& [step, value] : psnr) {
    if (value > highest) {
      highest = value;
      at = step;
    }
  }
  EXPECT_EQ(best["figure"], "psnr_y");
  EXPECT_EQ(best["value"].get<double>(), highest);
  EXPECT_EQ(best["checkpoint"], "step-0000000" + std::to_string(at));
  EXPECT_TRUE(fs::exists(in("run/" + best["checkpoint"].get<std::string>() + "/state.json")));
  EXPECT_TRUE(fs::exists(in("run/step-00000005/state.json")));

  for (const char* step : {"2", "4", "5"}) {
    const std::string panel = std::string("run/validation/step-0000000") + step;
    EXPECT_EQ(contents(in(panel)).size(), 2U);
    EXPECT_EQ(read_image(in(panel + "/0.png")).rgb.size(), cv::Size(3 * 128, 128));
  }

  // The program's own verbs on the checkpoint it names give the same figure.
  const Outcome upscaled = run(samsr("upscale " + in("lq") + " " + in("results") + " --model " + in("run/best")));
  ASSERT_EQ(upscaled.status, 0) << upscaled.output;
  const Outcome scored =
      run(samsr("eval --pred " + in("results") + " --ref " + in("gt") + " --metrics psnr_y --out " + in("scores")));
  ASSERT_EQ(scored.status, 0) << scored.output;
  EXPECT_THAT(scored.output, HasSubstr(fmt::format("{:.2f}", highest)));
}

TEST_F(ValidationWhileTraining, GivesTheSameFiguresOnTwoRanks) {
  ASSERT_EQ(run(samsr(arguments("one", with_gt() + "train.steps=2"))).status, 0);
  ASSERT_EQ(run(samsr_on(2, arguments("two", with_gt() + "train.steps=2"))).status, 0);
  const double one = figure("one", "psnr_y").at(2);
  EXPECT_NEAR(one, figure("two", "psnr_y").at(2), 1e-4 * one);
}

TEST_F(ValidationWhileTraining, SaysWhatDoesNotFit) {
  const auto message = [&](const std::string& more) {
    const Outcome outcome = run(samsr(arguments("refused", "train.steps=1 " + more)));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    return outcome.output;
  };
  EXPECT_THAT(message("val.metrics=psnr_y"), HasSubstr("val.gt"));
  EXPECT_THAT(message(with_gt() + "val.metrics=ssim_y val.best=psnr_y"), HasSubstr("val.best is psnr_y"));
  EXPECT_THAT(message("val.gt=" + shared_photographs()), HasSubstr("photographs"));
  for (const char* more : {"", "--dry-run", "train.recipe=coverage_net"}) {
    EXPECT_THAT(message(with_gt() + "val.lq= " + more), HasSubstr("but val.lq is not set"));
  }
}

}  // namespace
}  // namespace samsr::testing
