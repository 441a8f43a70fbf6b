#include "eval/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "core/error.h"
#include "data/image_file.h"
#include "eval/bicubic.h"
#include "eval/pictures.h"
#include "scratch_folder.h"
#include "synthetic_image.h"

namespace samsr {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::synthetic_image;

class EvaluateTest : public ::testing::Test {
 protected:
  EvaluateTest() : ref_(scratch_.folder("ref")), pred_(scratch_.folder("pred")), lq_(scratch_.folder("lq")) {
    for (unsigned i = 0; i < 5; ++i) {
      const std::string name = "img" + std::to_string(i);
      const cv::Mat low = synthetic_image(30, 50, i);
      const cv::Mat high = to_mat(upscale_bicubic(to_tensor(low), 4));
      cv::Mat noisy;
      cv::add(high, cv::Scalar(5, 5, 5), noisy);
      write_png(ref_ / (name + ".png"), high);
      write_png(lq_ / (name + ".png"), low);
      write_png(pred_ / (name + ".png"), noisy);
    }
  }

  Results run(const EvalRequest& request) { return evaluate(request, settings_, log_); }

  std::string error_of(const EvalRequest& request) {
    try {
      run(request);
    } catch (const UserError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
      return error.what();
    }
    return "no error";
  }

  EvalRequest paired() const { return {{{"mine", pred_}}, ref_, lq_}; }

  testing::ScratchFolder scratch_;
  fs::path ref_;
  fs::path pred_;
  fs::path lq_;
  EvalSettings settings_;
  std::ostringstream out_;
  Log log_{out_, 0, 1, false};
};

TEST_F(EvaluateTest, PairsAreScoredByMethod) {
  settings_.metrics = "psnr_rgb,ssim";
  const Results results = run(paired());
  ASSERT_EQ(results.methods.size(), 2U);
  EXPECT_EQ(results.methods[0].name, "bicubic");
  EXPECT_NEAR(results.methods[0].mean(0), 80, 1e-9);  // the references are the bicubic images
  EXPECT_NEAR(results.methods[0].mean(1), 1, 1e-9);
  EXPECT_EQ(results.methods[1].images.size(), 5U);
  EXPECT_EQ(results.methods[1].images[3].image, "img3");
  EXPECT_LT(results.methods[1].mean(0), 40);
  EXPECT_EQ(results.best(0), 0);
}

TEST_F(EvaluateTest, NamesMatchAcrossExtensionsAndSubfolders) {
  settings_.metrics = "psnr_rgb";
  fs::rename(pred_ / "img0.png", pred_ / "img0.PNG");
  EXPECT_EQ(run({{{"mine", pred_}}, ref_, {}}).methods[0].images.size(), 5U);
}

TEST_F(EvaluateTest, WithoutReferenceOnlyMetricsThatNeedNone) {
  const Results results = run({{{"mine", pred_}}, {}, {}});
  ASSERT_EQ(results.metrics.size(), 1U);
  EXPECT_EQ(results.metrics[0].name, "niqe");
  EXPECT_EQ(results.methods[0].counted(0), 5);  // 120x200 holds two blocks
  settings_.metrics = "niqe,psnr";
  EXPECT_THAT(error_of({{{"mine", pred_}}, {}, {}}), AllOf(HasSubstr("psnr_y"), HasSubstr("--ref")));
}

TEST_F(EvaluateTest, MissingAndExtraNamesAreListed) {
  for (const char* name : {"img0.png", "img1.png", "img2.png", "img4.png"}) {
    fs::remove(pred_ / name);
  }
  write_png(pred_ / "other.png", synthetic_image(8, 8, 1));
  EXPECT_THAT(error_of(paired()), AllOf(HasSubstr("img0, img1, img2 and 1 more"), HasSubstr("other")));
}

TEST_F(EvaluateTest, DifferingSizesAreListed) {
  settings_.metrics = "psnr";
  for (const char* name : {"img0.png", "img1.png", "img2.png", "img4.png"}) {
    write_png(pred_ / name, synthetic_image(100, 200, 1));
  }
  EXPECT_THAT(error_of(paired()),
              AllOf(HasSubstr("4 of 5 images differ in size"), HasSubstr("img0 (200x100, reference 200x120)"),
                    HasSubstr("and 1 more")));
}

TEST_F(EvaluateTest, FoldersThatAreNotAsTheyShouldBe) {
  EXPECT_THAT(error_of({{{"mine", scratch_ / "absent"}}, ref_, {}}), HasSubstr("absent"));
  EXPECT_THAT(error_of({{{"mine", scratch_.folder("empty")}}, ref_, {}}), HasSubstr("holds no image"));
  EXPECT_THAT(error_of({{}, ref_, {}}), HasSubstr("nothing to evaluate"));
  EXPECT_THAT(error_of({{{"a", pred_}, {"a", pred_}}, ref_, {}}), HasSubstr("two methods are called 'a'"));
  testing::write_text(pred_ / "notes.txt", "x");
  EXPECT_THAT(error_of(paired()), AllOf(HasSubstr("not images"), HasSubstr("notes.txt")));
  fs::remove(pred_ / "notes.txt");
  testing::write_text(pred_ / ".hidden", "x");
  settings_.metrics = "psnr";
  EXPECT_EQ(error_of(paired()), "no error");
  fs::copy_file(pred_ / "img0.png", pred_ / "img0.bmp");
  EXPECT_THAT(error_of(paired()), HasSubstr("have the same name"));
  fs::remove(pred_ / "img0.bmp");
  testing::write_text(pred_ / "img2.png", "no image at all");
  EXPECT_THAT(error_of(paired()), HasSubstr("img2.png"));
}

TEST_F(EvaluateTest, ImagesWithoutValueAreSaid) {
  settings_.metrics = "psnr,niqe";
  write_png(pred_ / "img1.png", synthetic_image(40, 40, 1));
  write_png(ref_ / "img1.png", synthetic_image(40, 40, 2));
  const Results results = run({{{"mine", pred_}}, ref_, {}});
  EXPECT_EQ(results.methods[0].counted(0), 5);
  EXPECT_EQ(results.methods[0].counted(1), 4);
  EXPECT_THAT(out_.str(), HasSubstr("img1: no niqe (40x40 holds fewer than two blocks of 96x96)"));
}

TEST_F(EvaluateTest, PictureRowsShowTheSamePieceOfEach) {
  const auto rows = picture_rows(paired(), 4, 3, 64);
  ASSERT_EQ(rows.size(), 3U);
  for (const PictureRow& row : rows) {
    ASSERT_EQ(row.pictures.size(), 4U);
    EXPECT_EQ(row.pictures[0].label, "LR");
    EXPECT_EQ(row.pictures[1].label, "bicubic");
    EXPECT_EQ(row.pictures[2].label, "mine");
    EXPECT_EQ(row.pictures[3].label, "HR");
    for (const Picture& picture : row.pictures) {
      EXPECT_EQ(picture.rgb.size(), cv::Size(64, 64));
    }
    EXPECT_EQ(cv::norm(row.pictures[1].rgb, row.pictures[3].rgb, cv::NORM_INF), 0);
    EXPECT_LE(cv::norm(row.pictures[2].rgb, row.pictures[3].rgb, cv::NORM_INF), 5);
  }
  EXPECT_EQ(picture_rows({{}, {}, lq_}, 4, 50, 1000).size(), 5U);
}

TEST(EvalMethod, ArgumentIsAFolderOrAName) {
  EXPECT_EQ(EvalMethod::parse("runs/student/").name, "student");
  EXPECT_EQ(EvalMethod::parse("ours=runs/x").name, "ours");
  EXPECT_EQ(EvalMethod::parse("ours=runs/x").folder, "runs/x");
  EXPECT_THROW(EvalMethod::parse("=runs/x"), UserError);
  EXPECT_THROW(EvalMethod::parse("ours="), UserError);
}

/// The means that are stated for the validation pairs (BasicSR's metrics).
TEST(ValPairs, BicubicHasTheStatedMeans) {
  const char* folder = std::getenv("SAMSR_DATA");
  if (folder == nullptr) {
    GTEST_SKIP() << "set SAMSR_DATA to the folder that holds val_pairs";
  }
  const fs::path pairs = fs::path(folder) / "val_pairs";
  std::ostringstream out;
  Log log(out, 0, 1, false);
  const Results results = evaluate({{}, pairs / "gt", pairs / "lq"}, EvalSettings(), log);
  ASSERT_EQ(results.methods[0].images.size(), 32U);
  EXPECT_NEAR(results.methods[0].mean(0), 24.11, 0.005);
  EXPECT_NEAR(results.methods[0].mean(1), 0.627, 0.001);
  EXPECT_NEAR(results.methods[0].mean(2), 8.31, 0.005);
}

}  // namespace
}  // namespace samsr
