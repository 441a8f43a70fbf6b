// `samsr strip`: pictures of several methods side by side.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "data/images/image_file.h"
#include "launch/mistakes.h"
#include "launch/trained_runs.h"
#include "support/files.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int kGap = 8;     // around pictures
constexpr int kLabel = 20;  // above them

class StripVerb : public ::testing::Test {
 protected:
  StripVerb() {
    int index = 0;
    for (const fs::path& photograph : list_images(shared_photographs())) {
      const std::string name = fmt::format("p{}.png", index++);
      const cv::Mat gt = read_image(photograph).rgb(cv::Rect(0, 0, 128, 96)).clone();
      cv::Mat lq;
      cv::resize(gt, lq, cv::Size(32, 24), 0, 0, cv::INTER_AREA);
      for (const auto& [folder, picture] :
           {std::pair<const char*, const cv::Mat&>{"gt", gt}, {"lq", lq}, {"mine", gt}}) {
        write_png(folder_.folder(folder) / name, picture);
      }
    }
    count_ = index;
  }
  /// Runs `samsr strip OUT` on the folders named in `arguments`, which lie in the test's folder.
  Outcome strip(const std::string& arguments) const { return run(command(arguments)); }
  void expect_mistake(const std::string& arguments, const std::string& expected) const {
    testing::expect_mistake(command(arguments), expected);
  }
  std::string command(const std::string& arguments) const {
    return "cd " + folder_.path() + " && " + samsr("strip " + arguments);
  }

  const TemporaryFolder folder_;
  int count_ = 0;
};

TEST_F(StripVerb, ShowsLowResolutionBicubicResultsAndReference) {
  const Outcome outcome = strip("sub/strip.png --lq lq --ref gt --pred ours=mine --names p2,p0 --crop 64");
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const cv::Mat drawn = read_image(folder_ / "sub/strip.png").rgb;
  ASSERT_EQ(drawn.size(), cv::Size(4 * (64 + kGap) + kGap, 2 * (64 + kLabel + kGap)));
  const auto picture = [&](int row, int column) {
    return drawn(cv::Rect(kGap + column * (64 + kGap), row * (64 + kLabel + kGap) + kLabel, 64, 64)).clone();
  };
  for (int row = 0; row < 2; ++row) {
    const cv::Mat name = drawn(cv::Rect(kGap, row * (64 + kLabel + kGap), 64, kLabel));
    EXPECT_GT(cv::norm(name, cv::Mat(name.size(), name.type(), cv::Scalar::all(255))), 0) << "a label";
    EXPECT_EQ(cv::norm(picture(row, 2), picture(row, 3), cv::NORM_INF), 0) << "the results are the references";
    EXPECT_GT(cv::norm(picture(row, 1), picture(row, 3), cv::NORM_INF), 0) << "bicubic is not";
    const cv::Mat lr = picture(row, 0);
    cv::Mat pixels;
    cv::resize(lr, pixels, cv::Size(16, 16), 0, 0, cv::INTER_NEAREST);
    cv::resize(pixels, pixels, lr.size(), 0, 0, cv::INTER_NEAREST);
    EXPECT_EQ(cv::norm(lr, pixels, cv::NORM_INF), 0) << "pixels of the low-resolution image as squares";
  }
  // The piece is one of the second image named, "p0".
  const cv::Mat gt = read_image(folder_ / "gt/p0.png").rgb;
  cv::Mat match;
  cv::matchTemplate(gt, picture(1, 3), match, cv::TM_SQDIFF);
  double least = 1;
  cv::minMaxLoc(match, &least);
  EXPECT_LT(least, 1);
}

TEST_F(StripVerb, ChoosesRowsWhenNoneAreNamed) {
  ASSERT_EQ(strip("three.png --lq lq --count 3 --crop 4096").status, 0);
  EXPECT_EQ(read_image(folder_ / "three.png").rgb.size(), cv::Size(2 * (128 + kGap) + kGap, 3 * (96 + kLabel + kGap)))
      << "LR and bicubic, whole";
  ASSERT_EQ(strip("all.png --pred mine --ref gt --count 100 --crop 32").status, 0);
  EXPECT_EQ(read_image(folder_ / "all.png").rgb.rows, count_ * (32 + kLabel + kGap));
}

TEST_F(StripVerb, ManyMethodsStandInEvenLines) {
  std::string ten = " --lq lq --ref gt --crop 4096 --names p1,p0";
  for (int m = 0; m < 10; ++m) {
    ten += fmt::format(" --pred m{}={}", m, m == 9 ? "mine" : "gt");
  }
  ASSERT_EQ(strip("lines.png" + ten).status, 0);  // LR, bicubic, ten, HR: seven and six
  const cv::Mat lines = read_image(folder_ / "lines.png").rgb;
  constexpr int kLine = 96 + kLabel + kGap;
  constexpr int kImage = 2 * kLine + 24;
  ASSERT_EQ(lines.size(), cv::Size(7 * (128 + kGap) + kGap, 2 * kImage));
  const cv::Mat reference = read_image(folder_ / "gt/p0.png").rgb;
  const cv::Mat last = lines(cv::Rect(kGap + 5 * (128 + kGap), kImage + kLine + kLabel, 128, 96));
  EXPECT_EQ(cv::norm(last, reference, cv::NORM_INF), 0);
  const cv::Mat beyond = lines(cv::Rect(kGap + 6 * (128 + kGap), kImage + kLine, 128, kLine));
  EXPECT_EQ(cv::norm(beyond, cv::Mat(beyond.size(), beyond.type(), cv::Scalar::all(255)), cv::NORM_INF), 0);
  ASSERT_EQ(strip("one.png --columns 13" + ten).status, 0);
  EXPECT_EQ(read_image(folder_ / "one.png").rgb.size(), cv::Size(13 * (128 + kGap) + kGap, 2 * kLine));
  ASSERT_EQ(strip("two.png --columns 2 --pred mine --ref gt --lq lq --count 1 --crop 64").status, 0);
  EXPECT_EQ(read_image(folder_ / "two.png").rgb.size(),
            cv::Size(2 * (64 + kGap) + kGap, 2 * (64 + kLabel + kGap) + 24));
}

TEST_F(StripVerb, ALabelThatIsWiderThanItsPictureHasRoom) {
  ASSERT_EQ(strip("wide.png --pred method_of_a_long_name=mine --ref gt --count 1 --crop 32").status, 0);
  const cv::Mat drawn = read_image(folder_ / "wide.png").rgb;
  const cv::Mat beside = drawn(cv::Rect(kGap + 32, 0, (drawn.cols - 3 * kGap) / 2 - 32, kLabel));
  cv::Mat ink;
  cv::cvtColor(255 - beside, ink, cv::COLOR_RGB2GRAY);
  EXPECT_GT(cv::boundingRect(ink).width, 60) << "the label goes on beside its picture";
  EXPECT_LT(cv::boundingRect(ink).br().x, beside.cols) << "and has an end";
}

TEST_F(StripVerb, MistakesAreOneLineEach) {
  expect_mistake("", "out is required");
  expect_mistake("o.png", "nothing to evaluate");
  expect_mistake("o.jpg --lq lq", "ends in .png");
  const auto before = contents(folder_ / "lq");
  for (const char* out : {"lq/p0.png", "gt/new.png", "mine/sub/p0.png", "gt/../lq/p1.png"}) {
    expect_mistake(std::string(out) + " --lq lq --ref gt --pred x=mine", "lies in a folder of pictures");
  }
  EXPECT_EQ(contents(folder_ / "lq"), before);
  expect_mistake("o.png --lq lq --names p0,p11", "did you mean");
  expect_mistake("o.png --lq lq --names photograph.png", "such as 'p0'");
  expect_mistake("o.png --lq nowhere", "nowhere");
  expect_mistake("o.png --lq lq --pred a=mine --pred a=gt", "two methods are called 'a'");
  expect_mistake("o.png --lq lq --ref gt --scale 2", "differ in size");
  expect_mistake("o.png --lq lq --count 0", "--count");
  expect_mistake("o.png --lq lq --columns 0", "--columns");
  fs::remove(folder_ / "mine/p1.png");
  expect_mistake("o.png --lq lq --pred mine", "missing here: p1");
  write_text(folder_ / "lq/p0.png", "no picture");
  expect_mistake("o.png --lq lq --names p0", "lq/p0.png");
  EXPECT_FALSE(fs::exists(folder_ / "o.png"));
}

TEST(StripScript, ChecksItsOwnOptions) {
  for (const auto& [arguments, expected] : {std::pair{"--images /nowhere", "--images /nowhere: no such folder"},
                                            {"a.png --work", "--work needs a value"}}) {
    const Outcome outcome = run(std::string(SAMSR_SOURCE "/launch/strip ") + arguments);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.output, std::string("samsr: ") + expected + "\n");
  }
}

}  // namespace
}  // namespace samsr::testing
