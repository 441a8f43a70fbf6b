// The report of ten methods in headless Chromium: sorting the means, choosing methods and columns, thumbnails, what
// stays in sight.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/browser.h"
#include "eval/report/report.h"
#include "support/pictures.h"

namespace samsr {
namespace {

using Names = std::vector<std::string>;

constexpr int kMethods = 10;
constexpr int kImages = 60;

/// Of each method the figures of psnr_y, whose order is 3 6 9 1 4 7 2 5 8 0 from the best on, and of lpips: 2 5 8 0 3 6
/// 9 1 7, and none of 4.
std::vector<double> figures_of(int m) {
  std::vector<double> figures(8, 0.5);
  figures[0] = 20 + 7 * m % 11;
  figures[1] = m == 4 ? NAN : 0.1 + 0.01 * ((4 * m + 3) % 11);
  return figures;
}

PictureRow chosen_row(const std::string& name) {
  PictureRow row{name, {{"LR", testing::smooth_picture(64, 64, 1)}}};
  for (int m = 0; m < kMethods; ++m) {
    row.pictures.push_back({fmt::format("m{}", m), testing::smooth_picture(64, 64, m + 2)});
  }
  row.pictures.push_back({"HR", testing::smooth_picture(64, 64, 20)});
  return row;
}

ReportInput ten_methods() {
  Results results;
  results.metrics = {{"psnr_y", "Y", true, 2},    {"lpips", "AlexNet", false, 4}, {"ssim_y", "Y", true, 4},
                     {"dists", "VGG", false, 4},  {"niqe", "blocks", false, 2},   {"clipiqa", "RN50", true, 4},
                     {"musiq", "KonIQ", true, 3}, {"psnr", "RGB", true, 2}};
  for (int m = 0; m < kMethods; ++m) {
    MethodScores& method = results.methods.emplace_back();
    method.name = fmt::format("m{}", m);
    for (int i = 0; i < kImages; ++i) {
      method.images.push_back({fmt::format("image{:02}", i), figures_of(m), Colour{0.1, 0.2, -0.5 * m}});
    }
  }
  ReportInput input;
  input.title = "Ten methods";
  input.tables.push_back({"A set", results, {chosen_row("image03"), chosen_row("image07")}});
  input.tables.push_back({"Another set", results, {}});
  return input;
}

/// Does to the page what a reader would, and leaves what became of it in `seen`.
constexpr const char* kChoiceProbe = R"js(
const section = document.querySelector('section');
const means = section.querySelector('.means'), single = section.querySelector('.scores table');
const visible = element => element.getClientRects().length > 0;
const text = element => element.textContent;
const panel = document.querySelector('.choice');
const choose = (set, name) => [...panel.querySelectorAll('fieldset')].find(f => text(f.firstChild) === set)
  .querySelectorAll('label, button').forEach(e => { if (text(e) === name) (e.querySelector('input') || e).click(); });
const methods = () => [...means.tBodies[0].rows].filter(visible).map(row => text(row.cells[0]));
const headings = table => [...table.tHead.rows[0].cells].filter(visible).map(text);
const head = name => [...means.tHead.rows[0].cells].find(cell => text(cell) === name);
const marked = (name, kind) => [...means.tBodies[0].rows].filter(row => visible(row) &&
  [...row.cells].find((cell, c) => means.tHead.rows[0].cells[c] === head(name)).classList.contains(kind)).map(row => text(row.cells[0]));
const click = name => {
  head(name).firstChild.click();
  return {methods: methods(), sorted: head(name).getAttribute('aria-sort')};
};
const bestOfImages = () => [...new Set([...single.tBodies[0].querySelectorAll('.best')].map(cell => headings(single)[
  [...cell.parentElement.cells].filter(visible).indexOf(cell)]))];
seen.panel = text(panel.querySelector('summary'));
seen.panelOpen = panel.open;
seen.given = methods();
seen.columns = headings(means);
seen.psnr = [click('PSNR-Y ↑'), click('PSNR-Y ↑'), click('PSNR-Y ↑')];
seen.lpips = [click('LPIPS ↓'), click('LPIPS ↓')];
seen.shift = click('colour shift');
seen.names = [click('method'), click('method')];
seen.otherSet = [...document.querySelectorAll('.means')[1].tBodies[0].rows].map(row => text(row.cells[0]));
seen.best = [marked('PSNR-Y ↑', 'best'), marked('PSNR-Y ↑', 'second'), marked('LPIPS ↓', 'best'), bestOfImages()];
panel.open = true;
choose('methods', 'm3');
choose('methods', 'm2');
choose('methods', 'HR');
seen.hidden = {methods: methods(), best: [marked('PSNR-Y ↑', 'best'), marked('PSNR-Y ↑', 'second'), marked('LPIPS ↓', 'best'), bestOfImages()],
  single: headings(single), pictures: [...section.querySelectorAll('.row figure')].filter(visible).map(text),
  otherSet: [...document.querySelectorAll('.means')[1].tBodies[0].rows].filter(visible).length, panel: text(panel.querySelector('summary'))};
choose('columns', 'images');
choose('columns', 'none');
choose('columns', 'LPIPS ↓');
choose('in tables', 'intervals');
seen.fewColumns = {means: headings(means), intervals: [...means.querySelectorAll('small')].filter(visible).length};
choose('columns', 'all');
choose('in tables', 'intervals');
choose('methods', 'none');
seen.none = {methods: methods(), single: headings(single)};
choose('methods', 'm7');
seen.one = {methods: methods(), best: marked('PSNR-Y ↑', 'best')};
choose('methods', 'all');
choose('methods', 'm0');
choose('in tables', 'thumbnails');
const thumbnails = row => [...row.querySelectorAll('.thumbnail')].filter(visible);
const shows = (link, label) => link.firstChild.src === [...document.querySelector(link.getAttribute('href')).querySelectorAll('figure')]
  .find(figure => text(figure).trim() === label).querySelector('img').src;
seen.thumbnails = {rows: [...means.rows].filter(visible).map(row => [text(row.cells[0]), thumbnails(row).length]), columns: headings(means),
  right: [...means.rows].every(row => thumbnails(row).every(link => shows(link, text(row.cells[0])))),
  widths: [...new Set([...means.querySelectorAll('.thumbnail')].filter(visible).map(link => link.getBoundingClientRect().width))],
  single: [...single.tBodies[0].rows].filter(row => thumbnails(row).length > 0).map(row => [text(row.cells[0]), thumbnails(row).length]),
  best: marked('PSNR-Y ↑', 'best'), sorted: click('PSNR-Y ↑')};
const stays = table => {
  const frame = table.parentElement, box = frame.getBoundingClientRect();
  const cells = [[...table.tHead.rows[0].cells].filter(visible)[1], [...table.tBodies[0].rows].filter(visible)[5].cells[0]];
  frame.scrollTop = 1e6;
  frame.scrollLeft = 1e6;
  const [top, left] = cells.map(cell => cell.getBoundingClientRect());
  const went = [frame.scrollTop, frame.scrollLeft];
  frame.scrollTo(0, 0);
  return {went, top: top.top - box.top, left: left.left - box.left};
};
seen.sight = [stays(single), stays(means)];
seen.wide = document.documentElement.scrollWidth - window.innerWidth;
choose('in tables', 'thumbnails');
seen.without = {rows: [...means.rows].filter(visible).length, thumbnails: thumbnails(document).length};
const controls = [...document.querySelectorAll('.choice :is(summary, input, button), .means thead button, .scores thead button, .scores select')];
seen.byKeyboard = controls.length > 40 && controls.filter(visible).every(control => {
  control.focus();
  return document.activeElement === control;
});
panel.querySelector('input').dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}));
seen.closed = !panel.open;
)js";

class TenMethodsInBrowser : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    page_ = std::make_unique<testing::ProbedPage>(report_html(ten_methods()), kChoiceProbe);
  }
  static void TearDownTestSuite() { page_.reset(); }

  void SetUp() override {
    testing::require_chromium();
    saw_ = page_->seen();
  }

  static Names names(const std::string& numbers) {
    Names all;
    for (const char number : numbers) {
      all.push_back({'m', number});
    }
    return all;
  }

  static inline std::unique_ptr<testing::ProbedPage> page_;
  nlohmann::json saw_;
};

TEST_F(TenMethodsInBrowser, AClickOnAHeadingSortsTheMeansBestFirst) {
  EXPECT_EQ(saw_["given"], names("0123456789"));
  const auto is = [](const nlohmann::json& seen, const Names& methods, const nlohmann::json& sorted) {
    EXPECT_EQ(seen["methods"], methods);
    EXPECT_EQ(seen["sorted"], sorted);
  };
  is(saw_["psnr"][0], names("3691472580"), "descending");
  is(saw_["psnr"][1], names("0852741963"), "ascending");
  is(saw_["psnr"][2], names("0123456789"), nullptr);
  is(saw_["lpips"][0], names("2580369174"), "ascending");
  is(saw_["lpips"][1], names("7196308524"), "descending");  // what has no figure stays last
  is(saw_["shift"], names("0123456789"), "ascending");
  is(saw_["names"][1], names("9876543210"), "descending");
  EXPECT_EQ(saw_["otherSet"], names("0123456789")) << "each table has its own order";
}

TEST_F(TenMethodsInBrowser, AMethodThatIsLeftOutIsSoEverywhereAndTheBestIsOfTheOthers) {
  EXPECT_EQ(saw_["panel"], "Choose: 12 of 12 methods, 10 of 10 columns shown");
  EXPECT_FALSE(saw_["panelOpen"].get<bool>());
  EXPECT_EQ(saw_["best"], (nlohmann::json{names("3"), names("6"), names("2"), names("3")}));
  const auto& hidden = saw_["hidden"];
  EXPECT_EQ(hidden["methods"], names("98765410"));  // as they were sorted
  EXPECT_EQ(hidden["best"], (nlohmann::json{names("6"), names("9"), names("5"), names("6")}));
  Names single = names("01456789");
  single.insert(single.begin(), "image");
  EXPECT_EQ(hidden["single"], single);
  Names pictures = names("01456789");
  pictures.insert(pictures.begin(), "LR");
  Names both = pictures;
  both.insert(both.end(), pictures.begin(), pictures.end());
  EXPECT_EQ(hidden["pictures"], both);
  EXPECT_EQ(hidden["otherSet"], 8);
  EXPECT_EQ(hidden["panel"], "Choose: 9 of 12 methods, 10 of 10 columns shown");
  EXPECT_EQ(saw_["none"]["methods"], nlohmann::json::array());
  EXPECT_EQ(saw_["none"]["single"], (Names{"image"}));
  EXPECT_EQ(saw_["one"]["methods"], names("7"));
  EXPECT_EQ(saw_["one"]["best"], nlohmann::json::array()) << "a single figure is not the best";
}

TEST_F(TenMethodsInBrowser, ColumnsAndIntervalsAreChosen) {
  EXPECT_EQ(saw_["columns"], (Names{"method", "images", "PSNR-Y ↑", "LPIPS ↓", "SSIM-Y ↑", "DISTS ↓", "NIQE ↓",
                                    "CLIPIQA ↑", "MUSIQ ↑", "PSNR ↑", "colour shift"}));
  EXPECT_EQ(saw_["fewColumns"]["means"], (Names{"method", "LPIPS ↓"}));
  EXPECT_EQ(saw_["fewColumns"]["intervals"], 0);
}

TEST_F(TenMethodsInBrowser, ThumbnailsStandInBothTables) {
  const auto& seen = saw_["thumbnails"];
  nlohmann::json rows = nlohmann::json::array({nlohmann::json::array({"method", 0})});
  for (const std::string& name : names("987654321")) {
    rows.push_back({name, 2});
  }
  rows.push_back({"LR", 2});  // which have no figures
  rows.push_back({"HR", 2});
  EXPECT_EQ(seen["rows"], rows);
  EXPECT_TRUE(seen["right"].get<bool>()) << "each is the picture of its method, and leads to it";
  EXPECT_EQ(seen["columns"][1], "image03");
  EXPECT_EQ(seen["columns"][2], "image07");
  EXPECT_EQ(seen["widths"], nlohmann::json::array({96}));
  EXPECT_EQ(seen["single"], nlohmann::json::parse(R"([["image03", 9], ["image07", 9]])"));
  EXPECT_EQ(seen["best"], names("3"));
  EXPECT_EQ(seen["sorted"]["methods"], names("369147258"));
  EXPECT_EQ(saw_["without"], (nlohmann::json{{"rows", 10}, {"thumbnails", 0}}));
}

TEST_F(TenMethodsInBrowser, HeadingsAndNamesStayInSight) {
  EXPECT_GT(saw_["sight"][0]["went"][0].get<double>(), 100) << "the table of images scrolls down";
  EXPECT_GT(saw_["sight"][1]["went"][1].get<double>(), 20) << "the table of means scrolls sideways";
  for (const auto& table : saw_["sight"]) {
    EXPECT_NEAR(table["top"], 0, 1);
    EXPECT_NEAR(table["left"], 0, 1);
  }
  EXPECT_LE(saw_["wide"].get<double>(), 0) << "the page scrolls sideways";
}

TEST_F(TenMethodsInBrowser, EverythingIsReachedByKeyboard) {
  EXPECT_TRUE(saw_["byKeyboard"].get<bool>());
  EXPECT_TRUE(saw_["closed"].get<bool>()) << "by Escape";
}

}  // namespace
}  // namespace samsr
