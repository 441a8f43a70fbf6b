// Upscaling and evaluation through the program itself, with a model that it has just trained.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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

class UpscaleEval : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    succeed(samsr(train("student", "train.recipe=samsr train.steps=3")));
    succeed(samsr("data export " + shared_shards() + " " + in("pairs") + " --count 6"));
  }
};

TEST_F(UpscaleEval, AnySizeComesOutFourTimesAsLarge) {
  const cv::Mat photograph = read_image(shared_photographs() / "niqe0.png").rgb;
  for (const auto& [width, height] : {std::pair{1, 1}, {3, 50}, {17, 16}, {61, 45}, {100, 99}}) {
    const std::string name = std::to_string(width) + "x" + std::to_string(height) + ".png";
    write_png(in(name), photograph(cv::Rect(0, 0, width, height)).clone());
    const Outcome outcome = run(samsr("upscale " + in(name) + " " + in("up_" + name) + " --model " + in("student") +
                                      " upscale.tile=48 upscale.overlap=16"));
    ASSERT_EQ(outcome.status, 0) << outcome.output;
    const cv::Mat result = read_image(in("up_" + name)).rgb;
    EXPECT_EQ(result.cols, 4 * width);
    EXPECT_EQ(result.rows, 4 * height);
  }
}

/// How much steeper the difference of two pictures is at column x than around there. Compared are columns on the grid
/// of the latent's pixels, four columns each, where it is steeper than between them.
double step_at(const cv::Mat& difference, int x) {
  const auto change_at = [&](int column) {
    return cv::norm(difference.col(column), difference.col(column - 1), cv::NORM_L1);
  };
  std::vector<double> around;
  for (int column = x - 48; column <= x + 48; column += 4) {
    around.push_back(change_at(column));
  }
  std::nth_element(around.begin(), around.begin() + 12, around.end());
  return change_at(x) / around[12];
}

TEST_F(UpscaleEval, TilesLeaveNoSeam) {
  // A network that has learnt something, so that tiles can disagree: the default one of three steps is bicubic still.
  const Outcome trained =
      run(samsr(train("learnt",
                      "train.recipe=resshift train.steps=50 'train.milestones=[5]' train.ema_rate=0.9 "
                      "train.seed=123456 train.microbatch=16")));
  ASSERT_EQ(trained.status, 0) << trained.output;
  const cv::Mat photograph = read_image(shared_photographs() / "niqe0.png").rgb;
  write_png(in("tiled.png"), photograph(cv::Rect(0, 0, 192, 128)).clone());
  const auto upscaled = [&](const std::string& settings) {
    const Outcome outcome = run(samsr("upscale " + in("tiled.png") + " " + in("result.png") + " --model " +
                                      in("learnt") + " upscale.sampler=one_step " + settings));
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    cv::Mat numbers;
    read_image(in("result.png")).rgb.convertTo(numbers, CV_32F);
    return numbers;
  };
  const cv::Mat whole = upscaled("upscale.tile=192");
  const cv::Mat tiled = upscaled("upscale.tile=128 upscale.overlap=32");
  const cv::Mat cut = upscaled("upscale.tile=128 upscale.overlap=0");
  cv::Mat bicubic;
  cv::resize(photograph(cv::Rect(0, 0, 192, 128)), bicubic, whole.size(), 0, 0, cv::INTER_CUBIC);
  bicubic.convertTo(bicubic, CV_32F);
  const cv::Rect inside(64, 64, whole.cols - 128, whole.rows - 128);
  EXPECT_LT(cv::PSNR(whole(inside), bicubic(inside)), 38) << "a network that does nothing has no seams";
  EXPECT_GE(cv::PSNR(whole(inside), tiled(inside)), 45);
  for (const int edge : {4 * 64, 4 * 128}) {  // where one tile begins and the other ends
    EXPECT_LT(step_at(tiled - whole, edge), 1.5) << edge;
    EXPECT_GT(step_at(cut - whole, edge), 1.8) << edge << ": without overlap there is a seam";
  }
}

TEST_F(UpscaleEval, TheSameSeedGivesTheSamePicture) {
  const fs::path picture = list_images(in("pairs/lq")).front();
  for (const char* name : {"a.png", "b.png"}) {
    ASSERT_EQ(run(samsr("upscale " + picture + " " + in(name) + " --model " + in("student"))).status, 0);
  }
  EXPECT_EQ(read_file(in("a.png")), read_file(in("b.png")));
}

TEST_F(UpscaleEval, AFolderEndsInTablesAndAReport) {
  for (const fs::path& model : {shared_teacher(), in("student")}) {
    succeed(samsr("upscale " + in("pairs/lq") + " " + in("results") / model.filename() + " --model " + model));
  }
  const Outcome evaluated = run(
      samsr("eval --ref " + in("pairs/gt") + " --lq " + in("pairs/lq") + " --pred teacher=" + in("results/teacher") +
            " --pred student=" + in("results/student") + " --metrics psnr_y,psnr_rgb,ssim_y,ssim_rgb --out " +
            in("report") + " --log student=" + in("student/metrics.jsonl")));
  ASSERT_EQ(evaluated.status, 0) << evaluated.output;
  const std::string table = read_file(in("report/results.md"));
  for (const char* expected : {"bicubic", "teacher", "student", "PSNR"}) {
    EXPECT_THAT(table, HasSubstr(expected));
  }
  EXPECT_TRUE(nlohmann::json::parse(read_file(in("report/results.json"))).is_object());
  EXPECT_THAT(read_file(in("report/results.csv")), HasSubstr("student"));
  const std::string report = read_file(in("report/report.html"));
  EXPECT_THAT(report, HasSubstr("data:image/"));
  EXPECT_THAT(report, ::testing::Not(HasSubstr("http://")));
}

TEST_F(UpscaleEval, WrongInputsAreSaid) {
  write_text(in("torn.png"), "no picture");
  const Outcome torn = run(samsr("upscale " + in("torn.png") + " " + in("o.png") + " --model " + in("student")));
  EXPECT_EQ(torn.status, 2);
  EXPECT_THAT(torn.output, HasSubstr("torn.png"));

  const Outcome unpaired = run(samsr("eval --pred " + in("pairs/gt") + " --metrics psnr_y --out " + in("r")));
  EXPECT_EQ(unpaired.status, 2);
  EXPECT_THAT(unpaired.output, HasSubstr("--ref"));

  fs::create_directories(in("some"));
  const fs::path one = list_images(in("pairs/gt")).front();
  fs::copy_file(one, in("some") / one.filename(), fs::copy_options::overwrite_existing);
  const Outcome missing =
      run(samsr("eval --pred " + in("some") + " --ref " + in("pairs/gt") + " --metrics psnr_y --out " + in("r")));
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.output, HasSubstr("missing"));

  const Outcome metric = run(samsr("eval --pred " + in("pairs/gt") + " --metrics niqee --out " + in("r")));
  EXPECT_EQ(metric.status, 2);
  EXPECT_THAT(metric.output, HasSubstr("niqe"));
}

}  // namespace
}  // namespace samsr::testing
