// The report in headless Chromium without network: what the lens shows, how the table of single images sorts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "data/images/image_file.h"
#include "eval/browser.h"
#include "eval/report/report.h"

namespace samsr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kSide = 192;
constexpr int kPatchX = 136;  // centre of the patch that each picture has in a colour of its own
constexpr int kPatchY = 48;
constexpr int kPatchSide = 16;

cv::Mat picture(const cv::Scalar& ground, const cv::Scalar& patch) {
  cv::Mat image(kSide, kSide, CV_8UC3, ground);
  cv::rectangle(image, cv::Rect(kPatchX - kPatchSide / 2, kPatchY - kPatchSide / 2, kPatchSide, kPatchSide), patch,
                cv::FILLED);
  return image;
}

PictureRow row_of(const std::string& name) {
  return {name,
          {{"LR", picture({40, 40, 40}, {200, 0, 0})},
           {"bicubic", picture({90, 90, 90}, {0, 180, 20})},
           {"student", picture({140, 140, 140}, {20, 30, 220})},
           {"HR", picture({190, 190, 190}, {230, 200, 0})}}};
}

/// Two sets; in the first five images whose figures sort otherwise as text than as numbers.
ReportInput two_sets() {
  Results results;
  results.metrics = {{"psnr_y", "Y, no crop", true, 2}, {"niqe", "blocks", false, 2}};
  results.methods.push_back(
      {"bicubic", "lq", {{"b2", {9.5, 1}}, {"b10", {100.25, 2}}, {"a", {10.125, 3}}, {"c", {NAN, 4}}, {"d", {20, 5}}}});
  results.methods.push_back(
      {"student", "out", {{"b2", {9.6, 5}}, {"b10", {90, 4}}, {"a", {8, 3}}, {"c", {7, 2}}, {"d", {30, 1}}}});
  for (MethodScores& method : results.methods) {
    for (ImageScores& image : method.images) {
      image.colour_shift = Colour{0.5, -0.25, 3};
    }
  }
  Results many;
  many.metrics = {{"musiq", "KonIQ", true, 3}};
  many.methods.push_back({"student", "out", {}});
  for (int i = 0; i < 250; ++i) {
    many.methods[0].images.push_back({"image" + std::to_string(i), {static_cast<double>(i * 37 % 250)}});
  }
  ReportInput input;
  input.title = "Report in a browser";
  input.summary = "Two sets.";
  input.tables.push_back({"Held-out crops", results, {row_of("b10"), row_of("a")}});
  input.tables.push_back({"Many images", many, {}});
  return input;
}

/// Does to the page what a reader would, and leaves what became of it in `seen`.
constexpr const char* kProbe = R"js(
const rows = [...document.querySelectorAll('.row')];
const point = (view, type, x, y, pointerType) => {
  const box = view.getBoundingClientRect();
  view.dispatchEvent(new PointerEvent(type, {bubbles: true, pointerType,
    clientX: box.left + x / 192 * box.width, clientY: box.top + y / 192 * box.height}));
};
const lenses = row => [...row.querySelectorAll('.view')].map(view => {
  const lens = view.querySelector('.lens');
  if (!lens || getComputedStyle(lens).display === 'none') return null;
  const box = lens.getBoundingClientRect(), outer = view.getBoundingClientRect();
  return {x: (box.left + box.width / 2 - outer.left) / outer.width * 192,
          y: (box.top + box.height / 2 - outer.top) / outer.height * 192,
          screenX: box.left + box.width / 2, screenY: box.top + box.height / 2, side: box.width,
          shown: parseFloat(getComputedStyle(lens).backgroundSize) / outer.width};
});
const press = (target, key, shiftKey) => target.dispatchEvent(new KeyboardEvent('keydown', {key, shiftKey, bubbles: true}));
const table = section => {
  const body = [...section.querySelectorAll('tbody tr')];
  return {names: body.map(line => line.cells[0].textContent), figures: body.map(line => line.cells[1].textContent),
          sorted: [...section.querySelectorAll('thead th')].map(head => head.getAttribute('aria-sort'))};
};
const view = (row, i) => rows[row].querySelectorAll('.view')[i];
seen.before = lenses(rows[0]);
point(view(1, 2), 'pointerdown', 20, 150, 'touch');
seen.touched = lenses(rows[1]);
point(document.body, 'pointermove', 0, 0, 'touch');
seen.afterTouch = lenses(rows[1]);
point(view(0, 0), 'pointermove', 136, 48, 'mouse');
seen.hovered = lenses(rows[0]);
seen.otherRow = lenses(rows[1]);
point(view(0, 1), 'pointermove', 0, 191, 'mouse');
seen.corner = lenses(rows[0]);
point(document.body, 'pointermove', 0, 0, 'mouse');
seen.left = lenses(rows[0]);
const figure = rows[0].querySelectorAll('figure')[3];
figure.focus({focusVisible: true});
seen.focused = lenses(rows[0]);
press(figure, 'ArrowUp', true);
press(figure, 'ArrowRight', false);
seen.moved = lenses(rows[0]);
press(figure, 'Escape', false);
seen.escaped = lenses(rows[0]);
figure.blur();
const [first, second] = document.querySelectorAll('.scores');
const head = (section, c) => section.querySelectorAll('thead button')[c];
seen.byName = (head(first, 0).click(), table(first));
seen.byNameDown = (head(first, 0).click(), table(first));
seen.up = (head(first, 1).click(), table(first));
seen.down = (head(first, 1).click(), table(first));
const select = first.querySelector('select');
select.value = '1';
select.dispatchEvent(new Event('change'));
seen.niqe = table(first);
seen.links = [...first.querySelectorAll('tbody a')].map(link => document.querySelector(link.getAttribute('href')).querySelector('h4').textContent);
seen.page = (head(second, 1).click(), table(second).figures);
second.querySelector('.more').click();
seen.all = table(second).figures;
point(view(0, 0), 'pointermove', 136, 48, 'mouse');
seen.wide = document.documentElement.scrollWidth - window.innerWidth;
)js";

class ReportInBrowser : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { page_ = std::make_unique<testing::ProbedPage>(report_html(two_sets()), kProbe); }
  static void TearDownTestSuite() { page_.reset(); }

  void SetUp() override { testing::require_chromium(); }

  static void expect_all_at(const nlohmann::json& lenses, double x, double y) {
    ASSERT_EQ(lenses.size(), 4U);
    for (const auto& lens : lenses) {
      ASSERT_FALSE(lens.is_null());
      EXPECT_NEAR(lens["x"], x, 0.5);
      EXPECT_NEAR(lens["y"], y, 0.5);
      EXPECT_NEAR(lens["shown"], 4, 0.01);
    }
  }

  static void expect_none(const nlohmann::json& lenses) {
    for (const auto& lens : lenses) {
      EXPECT_TRUE(lens.is_null());
    }
  }

  static inline std::unique_ptr<testing::ProbedPage> page_;
};

TEST_F(ReportInBrowser, TheLensFollowsPointerFingerAndKeysInAllPicturesOfARow) {
  const auto saw = page_->seen();
  expect_none(saw["before"]);
  expect_all_at(saw["touched"], 20, 150);
  expect_all_at(saw["afterTouch"], 20, 150);  // stays when the finger is lifted
  expect_all_at(saw["hovered"], 136, 48);
  expect_none(saw["otherRow"]);
  expect_all_at(saw["corner"], 0, 191);
  expect_none(saw["left"]);
  expect_all_at(saw["focused"], 0, 191);
  expect_all_at(saw["moved"], 0.02 * 192, 191 - 0.1 * 192);
  expect_none(saw["escaped"]);
  EXPECT_LE(saw["wide"].get<double>(), 0) << "the page scrolls sideways";
}

TEST_F(ReportInBrowser, AClickOnAHeadingSortsByNumber) {
  using Texts = std::vector<std::string>;
  const auto saw = page_->seen();
  const auto names = [&](const char* key) { return saw[key]["names"].get<Texts>(); };
  EXPECT_EQ(names("byName"), (Texts{"d", "c", "b10", "b2", "a"}));  // was sorted by name; clicked once
  EXPECT_EQ(names("byNameDown"), (Texts{"a", "b2", "b10", "c", "d"}));
  EXPECT_EQ(names("up"), (Texts{"b2", "a", "d", "b10", "c"}));
  EXPECT_EQ(saw["up"]["figures"].get<Texts>(), (Texts{"9.50", "10.13", "20.00", "100.25", "-"}));
  EXPECT_EQ(saw["up"]["sorted"], (nlohmann::json{nullptr, "ascending", nullptr}));
  EXPECT_EQ(names("down"), (Texts{"b10", "d", "a", "b2", "c"}));  // what has no figure stays last
  EXPECT_EQ(saw["down"]["sorted"], (nlohmann::json{nullptr, "descending", nullptr}));
  EXPECT_EQ(saw["niqe"]["figures"].get<Texts>(), (Texts{"5.00", "4.00", "3.00", "2.00", "1.00"}));
  EXPECT_EQ(saw["links"].get<Texts>(), (Texts{"a", "b10"}));
  EXPECT_EQ(saw["page"].size(), 100U);
  EXPECT_EQ(saw["page"][99], "99.000");
  EXPECT_EQ(saw["all"].size(), 250U);
}

TEST_F(ReportInBrowser, TheLensOfEachPictureShowsThatPictureEnlarged) {
  const auto lenses = page_->seen()["hovered"];
  const cv::Mat page = read_image(page_->screenshot()).rgb;
  const PictureRow row = row_of("b10");
  for (std::size_t i = 0; i < row.pictures.size(); ++i) {
    const int x = static_cast<int>(std::lround(lenses[i]["screenX"].get<double>()));
    const int y = static_cast<int>(std::lround(lenses[i]["screenY"].get<double>()));
    const cv::Mat& rgb = row.pictures[i].rgb;
    const auto patch = rgb.at<cv::Vec3b>(kPatchY, kPatchX);
    const auto ground = rgb.at<cv::Vec3b>(0, 0);
    // The patch is 16 pixels wide; enlarged by 4, its half of 32 reaches beyond these 24.
    for (const auto& [dx, dy] : {std::pair{0, 0}, {24, 0}, {-24, 0}, {0, 24}, {0, -24}}) {
      EXPECT_LE(cv::norm(page.at<cv::Vec3b>(y + dy, x + dx), patch), 4)
          << row.pictures[i].label << ' ' << dx << ' ' << dy;
    }
    const int beyond = static_cast<int>(lenses[i]["side"].get<double>() / 2) - 5;
    ASSERT_GT(beyond, 38);
    EXPECT_LE(cv::norm(page.at<cv::Vec3b>(y, x - beyond), ground), 4) << row.pictures[i].label;
  }
}

TEST_F(ReportInBrowser, NothingIsAskedOfTheNetwork) {
  EXPECT_THAT(page_->dom(), HasSubstr("Report in a browser"));
  EXPECT_THAT(page_->errors(), Not(HasSubstr("ERR_NAME_NOT_RESOLVED")));
  EXPECT_THAT(report_html(two_sets()), Not(HasSubstr("http")));
}

}  // namespace
}  // namespace samsr
