#include "eval/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "core/atomic_file.h"
#include "core/error.h"
#include "eval/markup/html.h"
#include "eval/report/chart.h"
#include "support/files.h"
#include "support/pictures.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Names of elements left open, or closed out of turn.
std::vector<std::string> unbalanced(const std::string& html) {
  const std::set<std::string> closed_by_themselves{"meta", "img"};
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*?(/?)>");
  for (std::sregex_iterator at(html.begin(), html.end(), tag), end; at != end; ++at) {
    const std::string name = (*at)[2];
    if ((*at)[1].length() > 0) {
      if (open.empty() || open.back() != name) {
        return {"</" + name + ">"};
      }
      open.pop_back();
    } else if ((*at)[3].length() == 0 && !closed_by_themselves.contains(name)) {
      open.push_back(name);
    }
  }
  return open;
}

ReportInput everything() {
  ReportInput input;
  input.title = "A <b>title</b> & more";
  input.summary = "\"quoted\"";
  Results results;
  results.metrics = {{"psnr_y", "Y, no crop", true, 2}, {"niqe", "blocks", false, 2}};
  results.methods.push_back({"bicubic", "lq", {{"a", {24.0, 8.0}}}});
  results.methods.push_back({"student", "out", {{"a", {23.9, NAN}}}});
  input.tables.push_back(
      {"Held-out crops",
       results,
       {{"a", {{"LR", testing::smooth_picture(32, 32, 1)}, {"HR", testing::smooth_picture(32, 32, 2)}}}}});
  input.curves = {{"teacher", "loss", {1, 2, 3}, {0.3, 0.2, 0.1}}, {"student", "loss", {1, 2}, {-0.3, 0.2}}};
  input.notes.push_back({"config", "a: <1>\n"});
  return input;
}

TEST(Report, HoldsEverythingAndNothingFromElsewhere) {
  const std::string html = report_html(everything());
  EXPECT_THAT(html, HasSubstr("<title>A &lt;b&gt;title&lt;/b&gt; &amp; more</title>"));
  EXPECT_THAT(html, HasSubstr("<td class=\"best\"><span>24.00</span></td>"));
  EXPECT_THAT(html, HasSubstr("<td><span>-</span></td>"));
  EXPECT_THAT(html, HasSubstr("PSNR-Y ↑"));
  EXPECT_THAT(html, HasSubstr("Y, no crop"));
  EXPECT_THAT(html, HasSubstr("src=\"data:image/webp;base64,UklGR"));
  EXPECT_THAT(html, HasSubstr("<figcaption>LR</figcaption>"));
  EXPECT_THAT(html, HasSubstr("<h3>teacher</h3>"));
  EXPECT_THAT(html, HasSubstr("a: &lt;1&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("http")));
  EXPECT_THAT(unbalanced(html), ::testing::IsEmpty());
}

/// The figures of single images in a page, as its script reads them.
nlohmann::json scores_of(const std::string& html) {
  const std::string begin = "<script type=\"application/json\">";
  const std::size_t at = html.find(begin) + begin.size();
  return nlohmann::json::parse(html.substr(at, html.find("</script>", at) - at));
}

TEST(Report, FiguresOfSingleImagesAreKeptByName) {
  ReportInput input = everything();
  Results& results = input.tables[0].results;
  results.methods[1].images = {{"</script>b", {20.123456789, 5}}, {"a", {23.9, NAN}}};  // one more, in another order
  const std::string html = report_html(input);
  EXPECT_THAT(unbalanced(html), ::testing::IsEmpty());
  const auto data = scores_of(html);
  EXPECT_EQ(data["images"], (nlohmann::json{"a", "</script>b"}));
  EXPECT_EQ(data["methods"], (nlohmann::json{"bicubic", "student"}));
  EXPECT_EQ(data["values"], nlohmann::json::parse("[[[24.0, null], [23.9, 20.12346]], [[8.0, null], [null, 5.0]]]"));
  EXPECT_EQ(data["metrics"][1]["label"], "NIQE");
  EXPECT_EQ(data["metrics"][1]["higher"], false);
  EXPECT_EQ(data["pictures"]["a"], "pictures-0-0");
  EXPECT_THAT(html, HasSubstr("id=\"pictures-0-0\""));
}

TEST(Report, ShiftOfTheMeanColourIsShown) {
  ReportInput input = everything();
  EXPECT_THAT(report_html(input), Not(HasSubstr("colour shift")));
  auto& methods = input.tables[0].results.methods;
  methods[1].images.push_back(methods[1].images[0]);
  methods[1].images[0].colour_shift = Colour{0.4, -1, 1};
  methods[1].images[1].colour_shift = Colour{0.2, 0, 3.4};
  const std::string html = report_html(input);
  EXPECT_THAT(html, HasSubstr("<td class=\"shifted\">+0.3 -0.5 +2.2</td>"));
  EXPECT_THAT(html, HasSubstr("<td>-</td></tr>"));
  methods[1].images[1].colour_shift = Colour{0.2, 0.98, 1.4};
  EXPECT_THAT(report_html(input), HasSubstr("<td>+0.3 +0.0 +1.2</td>"));  // and not -0.0
}

TEST(Report, WhatAMethodCostsIsShownWhereItIsKnown) {
  ReportInput input = everything();
  EXPECT_THAT(report_html(input), Not(HasSubstr("parameters, M")));
  input.tables[0].results.methods[1].parameters = 118.59;
  const std::string html = report_html(input);
  EXPECT_THAT(html, HasSubstr("<th scope=\"col\">parameters, M</th></tr>"));
  EXPECT_THAT(html, HasSubstr("<td>118.6</td></tr>"));
  EXPECT_THAT(html, Not(HasSubstr("s / image")));
}

TEST(Report, SeveralSetsHaveASectionEach) {
  ReportInput input = everything();
  input.tables.push_back({"RealSR", input.tables[0].results, {}});
  const std::string html = report_html(input);
  EXPECT_THAT(html, HasSubstr("<a href=\"#set-0\">Held-out crops</a><a href=\"#set-1\">RealSR</a>"));
  EXPECT_THAT(html, HasSubstr("<section id=\"set-1\">\n<h2>RealSR</h2>"));
  EXPECT_THAT(unbalanced(html), ::testing::IsEmpty());
  EXPECT_THAT(report_html(everything()), Not(HasSubstr("<nav>")));
}

TEST(Report, AThousandImagesStaySmall) {
  ReportInput input;
  Results results;
  results.metrics = {{"psnr_y", "Y", true, 2}, {"niqe", "blocks", false, 2}};
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    MethodScores& method = results.methods.emplace_back(MethodScores{name, "out", {}});
    for (int i = 0; i < 1000; ++i) {
      method.images.push_back({"image" + std::to_string(i), {20 + i / 7.0, 4 + i / 9.0}});
    }
  }
  input.tables.push_back({"many", results, {}});
  EXPECT_LT(report_html(input).size(), 150'000U);
}

TEST(Report, IsWrittenEvenWhenThereIsLittleToSay) {
  const testing::TemporaryFolder scratch;
  ReportInput input;
  input.title = "empty";
  write_report(input, scratch / "sub/report.html");
  const std::string html = read_file(scratch / "sub/report.html");
  EXPECT_THAT(html, Not(HasSubstr("<h2>")));
  EXPECT_THAT(unbalanced(html), ::testing::IsEmpty());
}

TEST(Chart, LogarithmicWherePositive) {
  const std::string positive = line_chart({{"run", "loss", {1, 10, 100}, {1, 0.1, 0.01}}});
  EXPECT_THAT(positive, HasSubstr("logarithmic"));
  EXPECT_THAT(line_chart({{"run", "loss", {1, 2}, {-1, 1}}}), Not(HasSubstr("logarithmic")));
  EXPECT_THAT(line_chart({{"run", "loss", {5}, {0.5}}}), Not(HasSubstr("nan")));
  EXPECT_THAT(line_chart({{"run", "loss", {5, 6}, {0, 0}}}), Not(HasSubstr("nan")));
  EXPECT_EQ(line_chart({{"run", "loss", {}, {}}}), "");
}

TEST(Chart, LongCurvesAreThinned) {
  LossCurve curve{"run", "loss", {}, {}};
  for (int i = 0; i < 100'000; ++i) {
    curve.steps.push_back(i);
    curve.values.push_back(1 + i % 7);
  }
  EXPECT_LT(line_chart({curve}).size(), 10'000U);
}

TEST(LossCurves, TermsAreReadInOrderAndTheRestLeftOut) {
  const testing::TemporaryFolder scratch;
  testing::write_text(scratch / "metrics.jsonl",
                      "{\"step\":1,\"loss\":0.5,\"distill\":0.2,\"lr\":1e-4,\"grad_norm\":1,\"skipped\":true}\n"
                      "{\"step\":2,\"loss\":null,\"distill\":0.1,\"lr\":1e-4,\"grad_norm\":1}\n"
                      "{\"step\":3,\"lo");
  const auto curves = read_loss_curves(scratch / "metrics.jsonl", "student");
  ASSERT_EQ(curves.size(), 2U);
  EXPECT_EQ(curves[0].name, "loss");
  EXPECT_EQ(curves[0].steps, std::vector<double>{1});
  EXPECT_EQ(curves[1].name, "distill");
  EXPECT_EQ(curves[1].values, (std::vector<double>{0.2, 0.1}));
  EXPECT_EQ(curves[1].run, "student");
  testing::write_text(scratch / "metrics.jsonl", "{\"step\":1}\nnonsense\n{\"step\":2}\n");
  EXPECT_THAT(testing::error_of([&] { read_loss_curves(scratch / "metrics.jsonl", "student"); }),
              HasSubstr("metrics.jsonl:2"));
}

TEST(Html, Base64OfTheStandardsExamples) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe"), "//4=");
}

}  // namespace
}  // namespace samsr
