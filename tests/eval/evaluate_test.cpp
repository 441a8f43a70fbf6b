#include "eval/measure/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <opencv2/imgproc.hpp>
#include <sstream>

#include "core/error.h"
#include "data/images/image_file.h"
#include "eval/measure/picture_rows.h"
#include "eval/upscale/bicubic.h"
#include "metric_lists.h"
#include "support/files.h"
#include "support/pictures.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::smooth_picture;

class EvaluateTest : public ::testing::Test {
 protected:
  EvaluateTest() : ref_(scratch_.folder("ref")), pred_(scratch_.folder("pred")), lq_(scratch_.folder("lq")) {
    for (unsigned i = 0; i < 5; ++i) {
      const std::string name = "img" + std::to_string(i);
      const cv::Mat low = smooth_picture(30, 50, i);
      const cv::Mat high = to_mat(upscale_bicubic(to_tensor(low), 4));
      cv::Mat noisy;
      cv::add(high, cv::Scalar(5, 5, 5), noisy);
      write_png(ref_ / (name + ".png"), high);
      write_png(lq_ / (name + ".png"), low);
      write_png(pred_ / (name + ".png"), noisy);
    }
  }

  Results run(const EvalRequest& request) {
    InputProblems strict;
    return run(request, strict);
  }

  Results run(const EvalRequest& request, InputProblems& problems) {
    const auto metrics = testing::metrics_of(metrics_);
    return evaluate(plan_comparison(request, 4, problems), testing::pointers_to(metrics), reference_size_,
                    *communicator_, log_, problems);
  }

  std::string error_in(const EvalRequest& request) {
    return testing::error_of([&] { run(request); });
  }

  EvalRequest paired() const { return {{{"mine", pred_}}, ref_, lq_}; }

  testing::TemporaryFolder scratch_;
  fs::path ref_;
  fs::path pred_;
  fs::path lq_;
  std::string metrics_ = "psnr_y,ssim_y,niqe";
  std::int64_t reference_size_ = 0;
  std::unique_ptr<Communicator> communicator_ = make_single_communicator();
  std::ostringstream out_;
  Log log_{out_, 0, 1, false};
};

TEST_F(EvaluateTest, PairsAreScoredByMethod) {
  metrics_ = "psnr_rgb,ssim";
  const Results results = run(paired());
  ASSERT_EQ(results.methods.size(), 2U);
  EXPECT_EQ(results.methods[0].name, "bicubic");
  EXPECT_NEAR(results.methods[0].mean(0), 80, 1e-9);  // the references are the bicubic images
  EXPECT_NEAR(results.methods[0].mean(1), 1, 1e-9);
  EXPECT_EQ(results.methods[1].images.size(), 5U);
  EXPECT_EQ(results.methods[1].images[3].image, "img3");
  EXPECT_LT(results.methods[1].mean(0), 40);
  EXPECT_EQ(results.ranks(0)[0], Rank::kBest);
}

TEST_F(EvaluateTest, ShiftOfTheMeanColourIsMeasured) {
  metrics_ = "psnr_rgb";
  cv::Mat red = read_image(ref_ / "img1.png").rgb;
  red += cv::Scalar(10, 0, 0);  // saturates, which is why the expected value is computed from the pictures
  write_png(pred_ / "img1.png", red);
  const cv::Scalar expected = cv::mean(red) - cv::mean(read_image(ref_ / "img1.png").rgb);
  const Results results = run(paired());
  const Colour shift = results.methods[1].images[1].colour_shift.value();
  EXPECT_GT(expected[0], 5);
  for (int c = 0; c < 3; ++c) {
    EXPECT_NEAR(shift[static_cast<std::size_t>(c)], expected[c], 1e-3);
  }
  // Without references, the low-resolution images are what colours are compared with.
  const cv::Scalar low = cv::mean(red) - cv::mean(read_image(lq_ / "img1.png").rgb);
  metrics_ = "niqe";
  EXPECT_NEAR(run({{{"mine", pred_}}, {}, lq_}).methods[1].images[1].colour_shift.value()[0], low[0], 1e-3);
  EXPECT_FALSE(run({{{"mine", pred_}}, {}, {}}).methods[0].colour_shift().has_value());
}

TEST_F(EvaluateTest, NamesMatchAcrossExtensionsAndSubfolders) {
  metrics_ = "psnr_rgb";
  fs::rename(pred_ / "img0.png", pred_ / "img0.PNG");
  EXPECT_EQ(run({{{"mine", pred_}}, ref_, {}}).methods[0].images.size(), 5U);
}

TEST_F(EvaluateTest, WithoutReferenceResultsAreHeldAgainstTheLowResolutionImages) {
  metrics_ = "niqe";
  const Results results = run({{{"mine", pred_}}, {}, lq_});
  EXPECT_EQ(results.methods[1].counted(0), 5);  // 120x200 holds two blocks
  write_png(pred_ / "img2.png", smooth_picture(120, 196, 1));
  EXPECT_THAT(error_in({{{"mine", pred_}}, {}, lq_}), HasSubstr("img2 (196x120, x4 of 50x30)"));
}

TEST_F(EvaluateTest, MissingAndExtraNamesAreListed) {
  for (const char* name : {"img0.png", "img1.png", "img2.png", "img4.png"}) {
    fs::remove(pred_ / name);
  }
  write_png(pred_ / "other.png", smooth_picture(8, 8, 1));
  EXPECT_THAT(error_in(paired()), AllOf(HasSubstr("img0, img1, img2 and 1 more"), HasSubstr("other")));
}

TEST_F(EvaluateTest, DifferingSizesAreListed) {
  metrics_ = "psnr";
  for (const char* name : {"img0.png", "img1.png", "img2.png", "img4.png"}) {
    write_png(pred_ / name, smooth_picture(100, 200, 1));
  }
  EXPECT_THAT(error_in(paired()), AllOf(HasSubstr("4 of 5 images differ in size"),
                                        HasSubstr("img0 (200x100, reference 200x120)"), HasSubstr("and 1 more")));
}

TEST_F(EvaluateTest, ReferencesHaveTheSizeOfTheBenchmark) {
  metrics_ = "psnr";
  reference_size_ = 256;
  EXPECT_THAT(error_in(paired()), HasSubstr("img0 (reference 200x120, the benchmark's are 256x256)"));
}

TEST_F(EvaluateTest, KeepGoingComputesWhatCanBeComputed) {
  metrics_ = "psnr_rgb";
  fs::remove(pred_ / "img0.png");
  write_png(pred_ / "other.png", smooth_picture(8, 8, 1));
  write_png(pred_ / "img1.png", smooth_picture(100, 200, 1));
  testing::write_text(pred_ / "img2.png", "no image at all");
  testing::write_text(pred_ / "notes.txt", "x");
  InputProblems problems(log_);
  const Results results = run({{{"mine", pred_}, {"nowhere", scratch_ / "absent"}}, ref_, lq_}, problems);
  ASSERT_EQ(results.methods.size(), 2U);
  EXPECT_EQ(results.methods[0].counted(0), 5);
  EXPECT_EQ(results.methods[1].images.size(), 4U);
  EXPECT_EQ(results.methods[1].counted(0), 2);
  EXPECT_EQ(problems.count(), 5);  // other files, names, the absent folder, an unreadable image, a size
  for (const char* said : {"notes.txt", "img0", "other", "absent", "img1 (200x100, reference 200x120)", "img2.png"}) {
    EXPECT_THAT(out_.str(), HasSubstr(said));
  }
}

TEST_F(EvaluateTest, BatchesOfDifferingSizesGiveTheScoresOfSingleImages) {
  metrics_ = "psnr_rgb,ssim";
  for (unsigned i = 0; i < 5; ++i) {
    const std::string name = "img" + std::to_string(i) + ".png";
    const int width = i % 2 == 0 ? 200 : 160;
    write_png(ref_ / name, smooth_picture(120, width, i));
    write_png(pred_ / name, smooth_picture(120, width, i + 9));
  }
  const Results results = run({{{"mine", pred_}}, ref_, {}});
  const auto metrics = testing::metrics_of(metrics_);
  for (std::size_t i = 0; i < 5; ++i) {
    const std::string name = "img" + std::to_string(i) + ".png";
    for (std::size_t m = 0; m < 2; ++m) {
      const at::Tensor score =
          metrics[m]->score(to_tensor(read_image(pred_ / name).rgb), to_tensor(read_image(ref_ / name).rgb));
      EXPECT_EQ(results.methods[0].images[i].values[m], score.item<double>());
    }
  }
}

TEST_F(EvaluateTest, FoldersThatAreNotAsTheyShouldBe) {
  EXPECT_THAT(error_in({{{"mine", scratch_ / "absent"}}, ref_, {}}), HasSubstr("absent"));
  EXPECT_THAT(error_in({{{"mine", scratch_.folder("empty")}}, ref_, {}}), HasSubstr("holds no image"));
  EXPECT_THAT(error_in({{}, ref_, {}}), HasSubstr("nothing to evaluate"));
  EXPECT_THAT(error_in({{{"a", pred_}, {"a", pred_}}, ref_, {}}), HasSubstr("two methods are called 'a'"));
  testing::write_text(pred_ / "notes.txt", "x");
  EXPECT_THAT(error_in(paired()), AllOf(HasSubstr("not images"), HasSubstr("notes.txt")));
  fs::remove(pred_ / "notes.txt");
  testing::write_text(pred_ / ".hidden", "x");
  metrics_ = "psnr";
  testing::write_text(pred_ / "._img0.png", "AppleDouble");
  testing::write_text(pred_ / "Thumbs.db", "x");
  testing::write_text(pred_ / "__MACOSX/img0.png", "x");
  fs::create_directories(pred_ / ".ipynb_checkpoints");
  fs::copy_file(pred_ / "img0.png", pred_ / ".ipynb_checkpoints/img0-checkpoint.png");
  testing::write_text(pred_ / ".cache/notes.txt", "x");
  fs::create_directories(pred_ / "sub");
  fs::create_directory_symlink("..", pred_ / "sub/round");
  EXPECT_EQ(error_in(paired()), "no error");
  testing::write_text(pred_ / "sub/x.heic", "x");
  EXPECT_THAT(error_in(paired()), AllOf(HasSubstr("not images"), HasSubstr("sub/x.heic")));
  fs::remove(pred_ / "sub/x.heic");
  fs::copy_file(pred_ / "img0.png", pred_ / "img0.bmp");
  EXPECT_THAT(error_in(paired()), HasSubstr("have the same name"));
  fs::remove(pred_ / "img0.bmp");
  testing::write_text(pred_ / "img2.png", "no image at all");
  EXPECT_THAT(error_in(paired()), HasSubstr("img2.png"));
}

TEST_F(EvaluateTest, ImagesWithoutValueAreSaid) {
  metrics_ = "psnr,niqe";
  write_png(pred_ / "img1.png", smooth_picture(40, 40, 1));
  write_png(ref_ / "img1.png", smooth_picture(40, 40, 2));
  const Results results = run({{{"mine", pred_}}, ref_, {}});
  EXPECT_EQ(results.methods[0].counted(0), 5);
  EXPECT_EQ(results.methods[0].counted(1), 4);
  EXPECT_THAT(out_.str(), HasSubstr("img1: no niqe (40x40 holds fewer than two blocks of 96x96)"));
}

TEST_F(EvaluateTest, PictureRowsShowTheSamePieceOfEach) {
  InputProblems strict;
  const Comparison comparison = plan_comparison(paired(), 4, strict);
  const auto rows = picture_rows(comparison, spread_names(comparison, 3), 64);
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
  EXPECT_EQ(spread_names(plan_comparison({{}, {}, lq_}, 4, strict), 50).size(), 5U);
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
  InputProblems strict;
  const auto metrics = testing::metrics_of("psnr_y,ssim_y,niqe");
  const auto communicator = make_single_communicator();
  const Results results = evaluate(plan_comparison({{}, pairs / "gt", pairs / "lq"}, 4, strict),
                                   testing::pointers_to(metrics), 0, *communicator, log, strict);
  ASSERT_EQ(results.methods[0].images.size(), 32U);
  EXPECT_NEAR(results.methods[0].mean(0), 24.11, 0.005);
  EXPECT_NEAR(results.methods[0].mean(1), 0.627, 0.001);
  EXPECT_NEAR(results.methods[0].mean(2), 8.31, 0.005);
}

}  // namespace
}  // namespace samsr
