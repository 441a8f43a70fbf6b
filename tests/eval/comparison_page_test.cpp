// `samsr upscale --compare`: which pictures its page shows, what a reader sees and does in a browser, where it cannot
// be written.

#include "eval/comparison/comparison_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <sstream>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "eval/browser.h"
#include "eval/upscale/compare_results.h"
#include "eval/upscale/upscale.h"
#include "eval/upscaling.h"
#include "support/files.h"
#include "support/pictures.h"
#include "support/small_disk.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::smooth_picture;

class ComparedResults : public ::testing::Test {
 protected:
  std::string error_in(const fs::path& in, const fs::path& out, const fs::path& page) {
    return error_of([&] { upscale_files(loaded_, settings_, MaskSettings(), in, out, *comm_, log_, page); });
  }
  static std::size_t sections(const std::string& html) {
    std::size_t count = 0;
    for (std::size_t at = html.find("<section>"); at != std::string::npos; at = html.find("<section>", at + 1)) {
      ++count;
    }
    return count;
  }

  testing::TemporaryFolder scratch_;
  const fs::path in_ = scratch_.folder("in");
  const fs::path page_ = scratch_ / "pages/compare.html";
  LoadedModel loaded_ = testing::small_model("student", true);
  UpscaleSettings settings_;
  const std::unique_ptr<Communicator> comm_ = make_single_communicator();
  std::ostringstream out_;
  Log log_{out_, 0, 1, false};
};

TEST_F(ComparedResults, ThePageShowsAllThatAreThereAndEscapesTheirNames) {
  write_png(in_ / "a.png", smooth_picture(10, 12, 1));
  write_png(in_ / "<b> & \"c\".png", smooth_picture(12, 10, 2), cv::Mat(12, 10, CV_8UC1, cv::Scalar(128)));
  testing::write_text(in_ / "torn.png", "no picture");
  loaded_.name = "/somewhere/model.safetensors";
  EXPECT_THAT(error_in(in_, scratch_ / "out", page_), HasSubstr("1 of 3 images could not be upscaled"));
  const std::string html = read_file(page_);
  EXPECT_EQ(sections(html), 2U);
  EXPECT_THAT(html,
              AllOf(HasSubstr("&lt;b&gt; &amp; &quot;c&quot;.png"), HasSubstr("alt=\"bicubic of a.png\""),
                    HasSubstr("alt=\"samsr of a.png\""), HasSubstr("12 × 10 → 48 × 40"),
                    HasSubstr("2 of 2 results, enlarged ×4"), HasSubstr("by model.safetensors (one step, plain noise)"),
                    Not(HasSubstr("<b>")), Not(HasSubstr("http")), Not(HasSubstr("somewhere"))));
  // What is kept is shown too, and the page of before is replaced.
  fs::remove(in_ / "torn.png");
  write_png(in_ / "d.png", smooth_picture(10, 12, 3));
  EXPECT_EQ(error_in(in_, scratch_ / "out", page_), "no error");
  EXPECT_EQ(sections(read_file(page_)), 3U);
  // A single picture.
  EXPECT_EQ(error_in(in_ / "a.png", scratch_ / "a.jpg", scratch_ / "one.html"), "no error");
  EXPECT_EQ(sections(read_file(scratch_ / "one.html")), 1U);
}

TEST_F(ComparedResults, OfALargeResultTheMiddleIsShownAndOfManyAHundred) {
  write_png(in_ / "wide.png", smooth_picture(8, 600, 1));
  EXPECT_EQ(error_in(in_, scratch_ / "out", page_), "no error");
  EXPECT_THAT(read_file(page_), AllOf(HasSubstr("600 × 8 → 2400 × 32, of which the middle 2048 × 32 are shown"),
                                      HasSubstr("width=\"2048\" height=\"32\"")));
  std::vector<UpscaleJob> jobs;
  for (int i = 0; i < 150; ++i) {
    jobs.push_back({in_ / fmt::format("{:03}.png", i), scratch_ / fmt::format("out/{:03}.png", i), ImageFormat::kPng});
    write_png(jobs.back().in, smooth_picture(4, 4, 1));
    write_png(jobs.back().out, smooth_picture(i == 3 ? 4 : 16, 16, 1));
  }
  compare_results(jobs, 4, {}, "a test", page_, log_);
  const std::string html = read_file(page_);
  EXPECT_EQ(sections(html), 99U);
  EXPECT_THAT(html, AllOf(HasSubstr("100 of 150 results"), HasSubstr("<h2>000.png"), HasSubstr("<h2>148.png"),
                          Not(HasSubstr("<h2>003.png"))));
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("003.png: has 16x4 pixels, expected 16x16"),
                                HasSubstr("99 of 150 results are compared with their pictures in ")));
}

TEST_F(ComparedResults, WhatCannotBeWrittenIsSaidBeforeAnyWork) {
  write_png(in_ / "a.png", smooth_picture(10, 12, 1));
  testing::write_text(scratch_ / "mine.html", "<html>a page of somebody's</html>");
  testing::write_text(scratch_ / "file", "x");
  const std::pair<fs::path, const char*> cases[] = {
      {scratch_ / "mine.html", "mine.html: was not made by samsr, and would be replaced"},
      {scratch_ / "page.png", "page.png: an HTML page is written, so the name must end in .html or .htm"},
      {scratch_ / "in", "is a folder; name a file"},
      {scratch_ / "file/page.html", "is no folder; choose another place"},
      {"/dev/null", "/dev/null: is a device or a pipe"},
  };
  for (const auto& [page, expected] : cases) {
    EXPECT_THAT(error_in(in_, scratch_ / "out", page), HasSubstr(expected)) << page;
    EXPECT_FALSE(fs::exists(scratch_ / "out")) << page;
  }
  EXPECT_EQ(read_file(scratch_ / "mine.html"), "<html>a page of somebody's</html>");
}

TEST_F(ComparedResults, AFullDiskLeavesTheResultsAndThePageOfBefore) {
  write_png(in_ / "a.png", testing::textured_picture(64, 64));
  const fs::path folder = scratch_.folder("disk");
  const testing::SmallDisk disk(folder, 16'384);
  if (!disk.mounted()) {
    GTEST_SKIP() << "a disk of a few bytes needs the right to mount one";
  }
  EXPECT_THAT(error_in(in_, scratch_ / "out", folder / "page.html"),
              AllOf(HasSubstr("page.html: cannot be written"), HasSubstr("make room")));
  EXPECT_TRUE(fs::exists(scratch_ / "out/a.png"));
  EXPECT_TRUE(fs::is_empty(folder));
}

/// What the reader's hands do: each pair's line in per cent of its width, and how much of the first picture is left.
constexpr const char* kProbe = R"js(
const pairs = [...document.querySelectorAll('.pair')];
const at = pair => {
  const box = pair.getBoundingClientRect(), line = pair.querySelector('.line').getBoundingClientRect();
  return {line: (line.left + line.width / 2 - box.left) / box.width * 100, value: Number(pair.querySelector('input').value),
          clip: getComputedStyle(pair.querySelector('.first')).clipPath, width: box.width, x: box.left, y: box.top};
};
const point = (pair, type, percent, pointerType) => {
  const box = pair.getBoundingClientRect();
  pair.querySelector('input').dispatchEvent(new PointerEvent(type, {bubbles: true, cancelable: true, pointerId: 7,
    pointerType, button: type === 'pointermove' ? -1 : 0, clientX: box.left + percent / 100 * box.width, clientY: box.top + 5}));
};
const press = (pair, key, shiftKey) => pair.querySelector('input').dispatchEvent(new KeyboardEvent('keydown', {key, shiftKey, bubbles: true}));
const zoom = value => {
  const select = document.querySelector('select.zoom');
  select.value = value;
  select.dispatchEvent(new Event('change'));
};
seen.before = at(pairs[0]);
point(pairs[0], 'pointermove', 90, 'mouse');
seen.hovered = at(pairs[0]);
point(pairs[0], 'pointerdown', 20, 'mouse');
seen.clicked = at(pairs[0]);
point(pairs[0], 'pointermove', 75, 'mouse');
seen.dragged = at(pairs[0]);
point(pairs[0], 'pointerup', 75, 'mouse');
point(pairs[0], 'pointermove', 10, 'mouse');
seen.released = at(pairs[0]);
point(pairs[1], 'pointerdown', 30, 'touch');
point(pairs[1], 'pointermove', 130, 'touch');
point(pairs[1], 'pointercancel', 130, 'touch');
seen.touched = at(pairs[1]);
press(pairs[1], 'Home', false);
seen.home = at(pairs[1]);
press(pairs[1], 'ArrowRight', true);
press(pairs[1], 'ArrowUp', false);
seen.stepped = at(pairs[1]);
seen.focusable = pairs.every(pair => pair.querySelector('input').tabIndex === 0);
seen.touch = getComputedStyle(pairs[0].querySelector('input')).touchAction;
zoom('2');
seen.large = at(pairs[0]);
seen.wide = document.documentElement.scrollWidth - window.innerWidth;
zoom('fit');
seen.fit = at(pairs[0]);
seen.wideAgain = document.documentElement.scrollWidth - window.innerWidth;
)js";

class ComparisonInBrowser : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const testing::TemporaryFolder folder;
    const auto flat = [](int width, const cv::Scalar& colour) {
      return ImageFile{.rgb = cv::Mat(400, width, CV_8UC3, colour)};
    };
    ComparisonPage page(folder / "page.html", "A title", "A note");
    for (const int width : {600, 2048}) {
      page.add({std::to_string(width), "of one colour each", "red", "blue", flat(width, {220, 30, 20}),
                flat(width, {20, 30, 220})});
    }
    page.finish();
    page_ = std::make_unique<testing::ProbedPage>(read_file(folder / "page.html"), kProbe);
  }
  static void TearDownTestSuite() { page_.reset(); }

  void SetUp() override { testing::require_chromium(); }

  static void expect_at(const nlohmann::json& saw, double percent) {
    EXPECT_NEAR(saw["line"], percent, 0.1);
    EXPECT_NEAR(saw["value"], percent, 0.1);
    const std::string clip = saw["clip"];  // inset(0px 25% 0px 0px)
    const double hidden = clip == "inset(0px)" ? 0 : std::stod(clip.substr(clip.find(' ')));
    EXPECT_NEAR(hidden, 100 - percent, 0.1) << clip;
  }

  static inline std::unique_ptr<testing::ProbedPage> page_;
};

TEST_F(ComparisonInBrowser, TheLineFollowsPointerFingerAndKeys) {
  const auto saw = page_->seen();
  expect_at(saw["before"], 50);
  expect_at(saw["hovered"], 50);
  expect_at(saw["clicked"], 20);
  expect_at(saw["dragged"], 75);
  expect_at(saw["released"], 75);
  expect_at(saw["touched"], 100);
  expect_at(saw["home"], 0);
  expect_at(saw["stepped"], 12);
  EXPECT_TRUE(saw["focusable"].get<bool>());
  EXPECT_EQ(saw["touch"], "pan-y") << "a finger that moves up and down scrolls the page";
}

TEST_F(ComparisonInBrowser, PicturesFitThePageOrAreShownPixelForPixel) {
  const auto saw = page_->seen();
  EXPECT_EQ(saw["before"]["width"], 600);
  EXPECT_EQ(saw["large"]["width"], 1200);
  EXPECT_EQ(saw["fit"]["width"], 600);
  EXPECT_LE(saw["wide"].get<double>(), 0) << "the page scrolls sideways";
  EXPECT_LE(saw["wideAgain"].get<double>(), 0) << "the page scrolls sideways";
}

TEST_F(ComparisonInBrowser, TheFirstPictureIsLeftOfTheLineAndTheSecondRight) {
  const auto where = page_->seen()["fit"];
  const cv::Mat page = read_image(page_->screenshot()).rgb;
  const int y = static_cast<int>(where["y"].get<double>()) + 100;
  const auto at = [&](double percent) {
    return page.at<cv::Vec3b>(y, static_cast<int>(where["x"].get<double>() + percent / 100 * 600));
  };
  EXPECT_LE(cv::norm(at(70), cv::Vec3b(220, 30, 20)), 6);
  EXPECT_LE(cv::norm(at(80), cv::Vec3b(20, 30, 220)), 6);
  EXPECT_THAT(page_->dom(), AllOf(HasSubstr("<title>A title</title>"), HasSubstr("A note")));
  EXPECT_THAT(page_->errors(), Not(HasSubstr("ERR_NAME_NOT_RESOLVED")));
}

}  // namespace
}  // namespace samsr
