#include "data/tools/imagenet_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>

#include "core/atomic_file.h"
#include "core/rng.h"
#include "data/images/image_file.h"
#include "data/tools/centre_square.h"
#include "data/tools/published_choice.h"
#include "data/tools/test_set_names.h"
#include "degradation/pipeline.h"
#include "degradation/presets.h"
#include "support/files.h"
#include "support/json_lines.h"
#include "support/photographs.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

// Numbers of Python 3.11: random.seed(S); random.shuffle(list(range(N))); random.sample(range(N), K).
TEST(PublishedChoice, IsPythons) {
  const std::vector<std::uint64_t> test_set = published_choice(50000, 3000, 10000);
  ASSERT_EQ(test_set.size(), 3000U);
  EXPECT_EQ(std::vector(test_set.begin(), test_set.begin() + 5),
            (std::vector<std::uint64_t>{22509, 35235, 15658, 9264, 11610}));
  EXPECT_EQ(test_set.back(), 27660U);
  EXPECT_EQ(std::accumulate(test_set.begin(), test_set.end(), std::uint64_t{0}), 74103237U);
  EXPECT_EQ(published_choice(20, 6, 10000), (std::vector<std::uint64_t>{0, 18, 7, 19, 10, 9}));
  const std::vector<std::uint64_t> all = published_choice(100, 100, 7);
  EXPECT_EQ(std::vector(all.begin(), all.begin() + 6), (std::vector<std::uint64_t>{8, 11, 34, 60, 89, 85}));
  EXPECT_EQ(all.back(), 28U);
  EXPECT_EQ(published_choice(100000, 10, (std::uint64_t{1} << 40) + 5),
            (std::vector<std::uint64_t>{15964, 29668, 92965, 73595, 79611, 31789, 84606, 53750, 61009, 73444}));
}

// Where pictures of ImageNet's validation set stand among all 50,000 sorted by class and name (50 of each class, the
// classes' number in the sorted list of synsets). Of the first 105 pictures ResShift's testdata has these six.
TEST(PublishedChoice, TakesThePicturesOfThePublishedTestSet) {
  const std::vector<std::uint64_t> test_set = published_choice(50000, 3000, 10000);
  for (const std::uint64_t published : {5050U, 1050U, 8750U, 2900U, 43900U, 10050U}) {
    EXPECT_THAT(test_set, Contains(published));
  }
  for (const std::uint64_t other :
       {3250U,  48500U, 11500U, 40450U, 25800U, 2850U,  16700U, 20750U, 33700U, 16600U, 5450U,  14300U, 18500U,
        37850U, 29750U, 7350U,  5400U,  1150U,  23900U, 25850U, 16701U, 8650U,  47400U, 36350U, 1151U,  42300U,
        13500U, 8350U,  2750U,  42900U, 16200U, 28650U, 7500U,  49050U, 29300U, 44350U, 1600U,  19900U, 38850U,
        3700U,  25801U, 37800U, 6450U,  9900U,  12800U, 36250U, 28250U, 8351U,  35850U, 19700U, 4600U,  1450U,
        42200U, 29550U, 17900U, 23400U, 12950U, 49700U, 43600U, 29400U, 23700U, 9150U,  5350U,  2300U,  42100U,
        19500U, 44351U, 43500U, 42050U, 23350U, 7450U,  23800U, 4000U,  21200U, 7950U,  13750U, 23050U, 48501U,
        8000U,  39400U, 23950U, 24900U, 18450U, 1400U,  24350U, 2500U,  13501U, 19150U, 18300U, 39000U, 18650U,
        35250U, 16500U, 7100U,  47450U, 17450U, 23650U, 7951U,  43601U}) {
    EXPECT_EQ(std::count(test_set.begin(), test_set.end(), other), 0) << other;
  }
}

// albumentations' SmallestMaxSize and CenterCrop, by plain loops in double precision.
TEST(CentreSquare, IsTheMiddleOfTheBilinearlyScaledPhotograph) {
  struct SquareCase {
    cv::Size size;
    cv::Size scaled;
    cv::Point corner;
  };
  for (const SquareCase& each : {SquareCase{{50, 40}, {40, 32}, {4, 0}}, SquareCase{{40, 57}, {32, 46}, {0, 7}},
                                 SquareCase{{31, 20}, {50, 32}, {9, 0}}, SquareCase{{32, 32}, {32, 32}, {0, 0}},
                                 SquareCase{{45, 40}, {36, 32}, {2, 0}}, SquareCase{{64, 75}, {32, 38}, {0, 3}}}) {
    cv::Mat photograph(each.size, CV_8UC3);
    Rng rng(5, "photograph", {static_cast<std::uint64_t>(each.size.width)});
    for (int i = 0; i < photograph.rows * photograph.cols * 3; ++i) {
      photograph.data[i] = static_cast<uchar>(rng.below(256));
    }
    const CentreSquare square = centre_square(photograph, 32);
    EXPECT_EQ(square.scaled, each.scaled);
    EXPECT_EQ(square.corner, each.corner);
    ASSERT_EQ(square.image.size(), cv::Size(32, 32));
    const auto tap = [](double at, int size, int step) {
      return std::clamp(static_cast<int>(std::floor(at)) + step, 0, size - 1);
    };
    double worst = 0;
    for (int y = 0; y < 32; ++y) {
      for (int x = 0; x < 32; ++x) {
        const double from_y = (y + each.corner.y + 0.5) * each.size.height / each.scaled.height - 0.5;
        const double from_x = (x + each.corner.x + 0.5) * each.size.width / each.scaled.width - 0.5;
        for (int c = 0; c < 3; ++c) {
          double value = 0;
          for (int dy = 0; dy < 2; ++dy) {
            for (int dx = 0; dx < 2; ++dx) {
              const double weight = (dy == 1 ? from_y - std::floor(from_y) : 1 - from_y + std::floor(from_y)) *
                                    (dx == 1 ? from_x - std::floor(from_x) : 1 - from_x + std::floor(from_x));
              value += weight *
                       photograph.at<cv::Vec3b>(tap(from_y, each.size.height, dy), tap(from_x, each.size.width, dx))[c];
            }
          }
          worst = std::max(worst, std::abs(value / 255 - square.image.at<cv::Vec3f>(y, x)[c]));
        }
      }
    }
    EXPECT_LT(worst, 5e-6) << each.size;
  }
}

class ImagenetTest : public ::testing::Test {
 protected:
  ImagenetTest() {
    testing::write_drawn_photographs(folder_ / "val/n01", 3);
    for (int i = 0; i < 3; ++i) {  // names as ImageNet's, with dots in them
      fs::rename(folder_ / "val/n01" / fmt::format("photo{}.png", i), folder_ / "val" / fmt::format("val.{}.png", i));
    }
    testing::write_drawn_photographs(folder_ / "val/n01", 4);
    options_.images = folder_ / "val";
    options_.out = folder_ / "set";
    options_.count = 5;
  }

  void make() {
    lines_.str("");
    Log log(lines_, 0, 1, false);
    make_imagenet_test(options_, *comm_, log);
  }
  std::string refusal() {
    return error_of([&] { make(); });
  }
  std::map<std::string, std::string> all() const {
    auto found = testing::contents(options_.out);
    for (const char* part : {"lq", "gt"}) {
      for (const auto& [name, bytes] : testing::contents(options_.out / part)) {
        found[std::string(part) + "/" + name] = bytes;
      }
    }
    return found;
  }

  const TemporaryFolder folder_;
  const std::unique_ptr<Communicator> comm_ = make_single_communicator();
  ImagenetTestOptions options_;
  std::ostringstream lines_;
};

TEST_F(ImagenetTest, KeepsNamesAndRecordsWhatWasDrawn) {
  make();
  const std::vector<nlohmann::json> record = testing::read_json_lines(options_.out / "record.jsonl");
  ASSERT_EQ(record.size(), 6U);
  EXPECT_EQ(record[0].at("seed"), "10000");
  EXPECT_EQ(record[0].at("choice"), "seeded, of 7 photographs");
  EXPECT_THAT(record[0].at("tool").get<std::string>(), HasSubstr("samsr "));
  EXPECT_EQ(record[0].at("degradation.preset"), "resshift_testing");
  EXPECT_EQ(record[0].at("degradation.blur_kernel_size"), "11");
  std::vector<std::string> photographs{"n01/photo0.png", "n01/photo1.png", "n01/photo2.png", "n01/photo3.png",
                                       "val.0.png",      "val.1.png",      "val.2.png"};
  std::vector<std::string> chosen;
  for (const std::uint64_t number : published_choice(7, 5, 10000)) {
    chosen.push_back(photographs[number]);
  }
  std::vector<std::string> recorded;
  for (std::size_t i = 1; i < record.size(); ++i) {
    const nlohmann::json& picture = record[i];
    const std::string name = picture.at("name");
    recorded.push_back(picture.at("photograph"));
    EXPECT_EQ(fs::path(recorded.back()).stem(), name);
    const cv::Mat gt = read_image(options_.out / "gt" / (name + ".png")).rgb;
    EXPECT_EQ(gt.size(), cv::Size(256, 256));
    const cv::Mat lq = read_image(options_.out / "lq" / (name + ".png")).rgb;
    EXPECT_EQ(lq.size(), cv::Size(64, 64));

    // The same by hand: the square as floats, degraded by the record's seed.
    const CentreSquare square = centre_square(read_image(options_.images / recorded.back()).rgb, 256);
    DegradationSettings settings;
    Settings registry;
    settings.bind(registry);
    registry.load_text(degradation_preset("resshift_testing"), "testing");
    const DegradedPair pair = DegradationPipeline(settings, 4).degrade(square.image, 256, picture.at("seed"));
    EXPECT_EQ(cv::norm(pair.hr, gt, cv::NORM_INF), 0);
    EXPECT_EQ(cv::norm(pair.lr, lq, cv::NORM_INF), 0);
    EXPECT_EQ(nlohmann::json::parse(pair.drawn), picture.at("degradation"));
    EXPECT_EQ(picture.at("scaled"), (nlohmann::json{square.scaled.width, square.scaled.height}));
  }
  EXPECT_THAT(recorded, ::testing::UnorderedElementsAreArray(chosen));
  EXPECT_THAT(lines_.str(), HasSubstr("chosen with seed 10000"));
}

TEST_F(ImagenetTest, GoesOnWhereItWasAndDependsOnNothingElse) {
  make();
  const auto whole = all();
  make();
  EXPECT_THAT(lines_.str(), HasSubstr("5 of 5 pairs are complete and kept"));
  EXPECT_EQ(all(), whole);
  const std::string lost = testing::read_json_lines(options_.out / "record.jsonl")[2].at("name");
  fs::remove(options_.out / "lq" / (lost + ".png"));
  make();
  EXPECT_THAT(lines_.str(), HasSubstr("4 of 5 pairs are complete and kept"));
  EXPECT_EQ(all(), whole);

  // An interruption: a photograph that cannot be read any more, until it is back.
  const fs::path photograph =
      options_.images / testing::read_json_lines(options_.out / "record.jsonl")[4].at("photograph");
  fs::remove_all(options_.out);
  const std::string bytes = read_file(photograph);
  testing::write_text(photograph, "no picture");
  EXPECT_THAT(refusal(), HasSubstr("1 of 5 pictures could not be made"));
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr("left out: "), HasSubstr(photograph.filename().string())));
  EXPECT_FALSE(fs::exists(options_.out / "record.jsonl"));
  testing::write_text(photograph, bytes);
  make();
  EXPECT_THAT(lines_.str(), HasSubstr("4 of 5 pairs are complete and kept"));
  EXPECT_EQ(all(), whole);
}

TEST_F(ImagenetTest, TakesTheNamesOfAList) {
  make();
  const auto chosen = all();
  options_.out = folder_ / "listed";
  options_.list = folder_ / "names.txt";
  testing::write_text(options_.list, "val.1\n\nphoto3.JPEG\r\nsome/where/photo0.png\n");
  make();
  const auto listed = all();
  for (const char* name : {"photo0.png", "photo3.png", "val.1.png"}) {
    for (const std::string part : {"lq/", "gt/"}) {
      ASSERT_TRUE(listed.contains(part + name)) << part << name;
      // A picture is the same in every set of one seed.
      if (chosen.contains(part + name)) {
        EXPECT_EQ(listed.at(part + name), chosen.at(part + name));
      }
    }
  }
  EXPECT_EQ(testing::contents(options_.out / "gt").size(), 3U);
}

TEST_F(ImagenetTest, RefusesWhatWouldNotBeTheTestSet) {
  options_.count = 8;
  EXPECT_THAT(refusal(), HasSubstr("has 7 photographs, 8 are to be chosen"));
  options_.count = 5;
  options_.out = options_.images / "set";
  EXPECT_THAT(refusal(), HasSubstr("must lie apart"));
  options_.out = folder_ / "set";
  options_.images = folder_.folder("empty");
  EXPECT_THAT(refusal(), HasSubstr("has no photographs"));
  options_.images = folder_ / "absent";
  EXPECT_THAT(refusal(), HasSubstr("absent"));
  EXPECT_FALSE(fs::exists(options_.out)) << "a mistake leaves nothing behind";
  options_.images = folder_ / "val";

  options_.list = folder_ / "names.txt";
  testing::write_text(options_.list, "photo1\nmoon\nsun\nstars\nsky\n");
  EXPECT_THAT(refusal(), HasSubstr("4 of its 5 names are no photograph's: moon, sun, stars, …"));
  testing::write_text(options_.list, "photo1\nphoto1.png\n");
  EXPECT_THAT(refusal(), HasSubstr("names photo1 twice"));
  testing::write_text(options_.list, "\n");
  EXPECT_THAT(refusal(), HasSubstr("names no picture"));
  testing::write_text(options_.list, "photo1\n");
  fs::copy(options_.images / "n01/photo1.png", options_.images / "photo1.png");
  EXPECT_THAT(refusal(), HasSubstr("n01/photo1.png and photo1.png would both be called photo1.png"));
  fs::remove(options_.images / "photo1.png");
  options_.list.clear();

  make();
  options_.seed = 3;
  EXPECT_THAT(refusal(), HasSubstr("holds another test set: "));
  options_.out = folder_ / "of the user";
  testing::write_text(options_.out / "lq/mine.png", "precious");
  EXPECT_THAT(refusal(), HasSubstr("has not written"));
  EXPECT_EQ(read_file(options_.out / "lq/mine.png"), "precious");
}

TEST(TestSetNames, KnowsTheLayoutOfThePublishedChoice) {
  std::vector<std::string> validation;
  for (int i = 0; i < 50000; ++i) {
    validation.push_back(fmt::format("n{:08}/ILSVRC2012_val_{:08}.JPEG", i / 50, i));
  }
  EXPECT_TRUE(is_imagenet_in_classes(validation));
  validation.back() = "n00000999/other.JPEG";
  EXPECT_FALSE(is_imagenet_in_classes(validation));
  validation.pop_back();
  EXPECT_FALSE(is_imagenet_in_classes(validation));
}

}  // namespace
}  // namespace samsr
