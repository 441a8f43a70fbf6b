// Upscaling and evaluation through the program itself, with a model that it has just trained.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "program.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

class UpscaleEval : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder("upscale_eval");
    write_photographs(*folder_ / "photographs");
    ASSERT_EQ(run(samsr("data build" + std::string(kTinySettings) + "data.images=" + (*folder_ / "photographs") +
                        " data.out=" + (*folder_ / "shards")))
                  .status,
              0);
    const Outcome trained =
        run(samsr("train" + std::string(kTinySettings) +
                  "train.recipe=resshift train.steps=3 train.global_batch=2 train.shards=" + (*folder_ / "shards") +
                  " train.out=" + (*folder_ / "model")));
    ASSERT_EQ(trained.status, 0) << trained.output;
    const Outcome student =
        run(samsr("train" + std::string(kTinySettings) +
                  "train.recipe=samsr train.steps=3 train.global_batch=2 train.shards=" + (*folder_ / "shards") +
                  " train.out=" + (*folder_ / "student") + " train.teacher_weights=" + (*folder_ / "model")));
    ASSERT_EQ(student.status, 0) << student.output;
    ASSERT_EQ(run(samsr("data export " + (*folder_ / "shards") + " " + (*folder_ / "pairs") + " --count 6")).status, 0);
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static TemporaryFolder* folder_;
};

TemporaryFolder* UpscaleEval::folder_ = nullptr;

TEST_F(UpscaleEval, AnySizeComesOutFourTimesAsLarge) {
  const cv::Mat photograph = read_image(*folder_ / "photographs/niqe0.png").rgb;
  for (const auto& [width, height] : {std::pair{1, 1}, {3, 50}, {17, 16}, {61, 45}, {100, 99}}) {
    const std::string name = std::to_string(width) + "x" + std::to_string(height) + ".png";
    write_png(*folder_ / name, photograph(cv::Rect(0, 0, width, height)).clone());
    const Outcome outcome = run(samsr("upscale " + (*folder_ / name) + " " + (*folder_ / ("up_" + name)) + " --model " +
                                      (*folder_ / "student") + " upscale.tile=48 upscale.overlap=16"));
    ASSERT_EQ(outcome.status, 0) << outcome.output;
    const cv::Mat result = read_image(*folder_ / ("up_" + name)).rgb;
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
  const Outcome trained = run(samsr("train" + std::string(kTinySettings) +
                                    "train.recipe=resshift train.steps=50 train.global_batch=4 train.lr=1e-3"
                                    " 'train.milestones=[5]' train.ema_rate=0.9 train.threads=1 train.shards=" +
                                    (*folder_ / "shards") + " train.out=" + (*folder_ / "learnt")));
  ASSERT_EQ(trained.status, 0) << trained.output;
  const cv::Mat photograph = read_image(*folder_ / "photographs/niqe0.png").rgb;
  write_png(*folder_ / "tiled.png", photograph(cv::Rect(0, 0, 192, 128)).clone());
  const auto upscaled = [&](const std::string& settings) {
    const Outcome outcome = run(samsr("upscale " + (*folder_ / "tiled.png") + " " + (*folder_ / "result.png") +
                                      " --model " + (*folder_ / "learnt") + " upscale.sampler=one_step " + settings));
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    cv::Mat numbers;
    read_image(*folder_ / "result.png").rgb.convertTo(numbers, CV_32F);
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
  const std::string in =
      (fs::path(*folder_ / "pairs/lq") / list_images(*folder_ / "pairs/lq").front().filename()).string();
  for (const char* name : {"a.png", "b.png"}) {
    ASSERT_EQ(run(samsr("upscale " + in + " " + (*folder_ / name) + " --model " + (*folder_ / "student"))).status, 0);
  }
  EXPECT_EQ(read_file(*folder_ / "a.png"), read_file(*folder_ / "b.png"));
}

TEST_F(UpscaleEval, AFolderEndsInTablesAndAReport) {
  for (const char* name : {"model", "student"}) {
    const Outcome upscaled =
        run(samsr("upscale " + (*folder_ / "pairs/lq") + " " + (*folder_ / ("results/" + std::string(name))) +
                  " --model " + (*folder_ / name)));
    ASSERT_EQ(upscaled.status, 0) << upscaled.output;
  }
  const Outcome evaluated = run(samsr("eval --ref " + (*folder_ / "pairs/gt") + " --lq " + (*folder_ / "pairs/lq") +
                                      " --pred teacher=" + (*folder_ / "results/model") +
                                      " --pred student=" + (*folder_ / "results/student") +
                                      " --metrics psnr_y,psnr_rgb,ssim_y,ssim_rgb --out " + (*folder_ / "report") +
                                      " --log student=" + (*folder_ / "student/metrics.jsonl")));
  ASSERT_EQ(evaluated.status, 0) << evaluated.output;
  const std::string table = read_file(*folder_ / "report/results.md");
  for (const char* expected : {"bicubic", "teacher", "student", "PSNR"}) {
    EXPECT_THAT(table, HasSubstr(expected));
  }
  EXPECT_TRUE(nlohmann::json::parse(read_file(*folder_ / "report/results.json")).is_object());
  EXPECT_THAT(read_file(*folder_ / "report/results.csv"), HasSubstr("student"));
  const std::string report = read_file(*folder_ / "report/report.html");
  EXPECT_THAT(report, HasSubstr("data:image/"));
  EXPECT_THAT(report, ::testing::Not(HasSubstr("http://")));
}

TEST_F(UpscaleEval, WrongInputsAreSaid) {
  std::ofstream(fs::path(*folder_ / "torn.png")) << "no picture";
  const Outcome torn = run(
      samsr("upscale " + (*folder_ / "torn.png") + " " + (*folder_ / "o.png") + " --model " + (*folder_ / "student")));
  EXPECT_EQ(torn.status, 2);
  EXPECT_THAT(torn.output, HasSubstr("torn.png"));

  const Outcome unpaired =
      run(samsr("eval --pred " + (*folder_ / "pairs/gt") + " --metrics psnr_y --out " + (*folder_ / "r")));
  EXPECT_EQ(unpaired.status, 2);
  EXPECT_THAT(unpaired.output, HasSubstr("--ref"));

  fs::create_directories(fs::path(*folder_ / "some"));
  const fs::path one = list_images(*folder_ / "pairs/gt").front();
  fs::copy_file(one, fs::path(*folder_ / "some") / one.filename(), fs::copy_options::overwrite_existing);
  const Outcome missing = run(samsr("eval --pred " + (*folder_ / "some") + " --ref " + (*folder_ / "pairs/gt") +
                                    " --metrics psnr_y --out " + (*folder_ / "r")));
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.output, HasSubstr("missing"));

  const Outcome metric =
      run(samsr("eval --pred " + (*folder_ / "pairs/gt") + " --metrics niqee --out " + (*folder_ / "r")));
  EXPECT_EQ(metric.status, 2);
  EXPECT_THAT(metric.output, HasSubstr("niqe"));
}

}  // namespace
}  // namespace samsr::testing
