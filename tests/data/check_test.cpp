#include "data/photographs/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/images/image_file.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;

class CheckPhotographs : public ::testing::Test {
 protected:
  void add(const std::string& name, int width, int height, int grey) const {
    fs::create_directories((folder_ / name).parent_path());
    write_png(folder_ / name, cv::Mat(height, width, CV_8UC3, cv::Scalar::all(grey)));
  }
  void add_sample(const std::string& name) const { fs::copy_file(fs::path(SAMSR_TEST_IMAGES) / name, folder_ / name); }
  std::string check(const CheckOptions& options = {}) const {
    const auto comm = make_single_communicator();
    std::ostringstream lines;
    Log log(lines, 0, 1, false);
    std::ostringstream out;
    check_photographs(folder_, options, *comm, log, out);
    return out.str();
  }
  std::string error(const CheckOptions& options = {}) const {
    return error_of([&] { check(options); });
  }

  const testing::TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path() / "photographs";
};

TEST_F(CheckPhotographs, CountsWhatIsThere) {
  add("a.png", 300, 400, 10);
  add("b.png", 640, 256, 20);
  add("sub/c.png", 300, 400, 10);  // the bytes of a.png
  add("small.png", 100, 300, 30);
  for (const char* name :
       {"grey.jpg", "cmyk.jpg", "rgb16.png", "rgba.png", "rotated.jpg", "truncated.jpg", "text.png"}) {
    add_sample(name);
  }
  CheckOptions options;
  options.out = temporary_.path() / "report.json";
  options.sheet = temporary_.path() / "sheet.png";
  const std::string text = check(options);
  EXPECT_THAT(text, AllOf(HasSubstr("11 files: 3 usable for data.gt_size=256, 6 too small, 2 unreadable"),
                          HasSubstr("3 JPEG, 6 PNG"), HasSubstr("1 16-bit, 1 CMYK, 1 alpha, 1 grey"),
                          HasSubstr("EXIF-rotated   1"), HasSubstr("duplicates     1"), HasSubstr("sub/c.png"),
                          HasSubstr("and 5 more")));
  const auto report = nlohmann::json::parse(read_file(options.out));
  EXPECT_EQ(report["left_out"].size(), 8u);
  EXPECT_EQ(report["duplicates"].size(), 1u);
  EXPECT_EQ(report["duplicates"][0].size(), 2u);
  const cv::Mat sheet = read_image(options.sheet).rgb;
  EXPECT_EQ(sheet.cols, 6 * 168 + 8);
  EXPECT_EQ(sheet.rows, 2 * 186 + 8);
}

TEST_F(CheckPhotographs, TellsTheSizesAndASizeThatWouldDo) {
  for (int i = 0; i < 9; ++i) {
    add(fmt::format("p{}.png", i), 200 + i, 210, 5 * i);
  }
  add("large.png", 5000, 300, 99);
  const std::string text = check();
  EXPECT_THAT(text, HasSubstr("width          200 to 5000 pixels, median 205"));
  EXPECT_THAT(text, HasSubstr(fmt::format("{:<12} {:>8} ####", "128 to 255", 9)));
  EXPECT_THAT(text, HasSubstr(fmt::format("{:<12} {:>8} ####", "256 to 511", 1)));
  EXPECT_THAT(text, HasSubstr("data.gt_size=192 could use 10 of 10"));
}

TEST_F(CheckPhotographs, NoneUsableNamesTheFirstThree) {
  for (const char* name : {"a.png", "b.png", "c.png", "d.png"}) {
    add(name, 20, 30, 1);
  }
  EXPECT_THAT(error(), AllOf(HasSubstr("none of 4 files"), HasSubstr("a.png: 20×30 pixels"), HasSubstr("c.png"),
                             HasSubstr("and 1 more"), ::testing::Not(HasSubstr("d.png"))));
  CheckOptions options;
  options.gt_size = 16;
  EXPECT_EQ(error(options), "no error");
  fs::remove_all(folder_);
  EXPECT_THAT(error(), HasSubstr("photographs"));
  fs::create_directories(folder_);
  EXPECT_THAT(error(), HasSubstr("no images"));
}

}  // namespace
}  // namespace samsr
