// Tables from results: put together, filled in, printed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <regex>
#include <sstream>

#include "core/atomic_file.h"
#include "eval/markup/markup.h"
#include "eval/tables/merge.h"
#include "eval/tables/print.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

MethodScores method_of(const std::string& name, const std::vector<std::vector<double>>& values) {
  MethodScores method{name, "out/" + name, {}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    method.images.push_back({"image" + std::to_string(i), values[i]});
  }
  return method;
}

/// Two images of RealSR by three methods.
Results realsr() {
  Results results;
  results.benchmark = "realsr";
  results.title = "RealSR";
  results.metrics = {{"clipiqa", "RN50", true, 4}, {"musiq", "KonIQ", true, 3}};
  results.methods = {method_of("bicubic", {{0.4, 40}, {0.5, 44}}), method_of("student & co", {{0.7, 60}, {0.8, 70}}),
                     method_of("m:0.2", {{0.65, 60}, {0.70, 62}})};
  return results;
}

using testing::error_of;

constexpr const char* kLayout = R"(
tables:
  - id: 1
    title: Real images
    columns:
      - {benchmark: realsr, group: RealSR, metric: clipiqa, label: CLIPIQA, better: higher, decimals: 2}
      - {benchmark: realsr, group: RealSR, metric: musiq, label: MUSIQ, better: higher, decimals: 1}
      - {benchmark: other, group: Other, metric: lpips, label: LPIPS, better: lower, decimals: 3}
    quoted:
      - {method: Old_1, source: "A & B 2020, Table 1", values: [0.75, 50, none]}
      - {method: Old_2, source: "A & B 2020, Table 1", values: [0.9, 66.04, none]}
      - {method: New, source: "C 2024", values: [0.1, none, none]}
    not_held: the rest
)";

Table filled(const Measurements& measurements = {{realsr()}, {}}) {
  return fill_table(read_layouts(kLayout, "layout").front(), measurements);
}

TEST(Tables, MeasuredAndQuotedRowsStayApartAndShareTheirPlaces) {
  const Table table = filled();
  ASSERT_EQ(table.measured.size(), 3U);
  ASSERT_EQ(table.quoted.size(), 3U);
  EXPECT_EQ(table.measured[0].source, 0U);
  EXPECT_EQ(table.quoted[0].source, 1U);
  EXPECT_EQ(table.quoted[1].source, 1U);
  EXPECT_EQ(table.quoted[2].source, 2U);
  EXPECT_THAT(table.sources, ElementsAre("A & B 2020, Table 1", "C 2024"));
  EXPECT_EQ(table.quoted[1].cells[0].rank, Rank::kBest);
  EXPECT_EQ(table.measured[1].cells[0].rank, Rank::kSecond);
  EXPECT_EQ(table.quoted[0].cells[0].rank, Rank::kSecond);  // 0.75 as well
  EXPECT_EQ(table.quoted[1].cells[1].rank, Rank::kBest);
  EXPECT_EQ(table.measured[1].cells[1].rank, Rank::kSecond);
  EXPECT_TRUE(table.measured[0].cells[1].interval.has_value());
  EXPECT_FALSE(table.quoted[0].cells[1].interval.has_value());
}

TEST(Tables, NotesSayWhatTheFiguresAre) {
  EXPECT_THAT(filled().notes, ElementsAre("† quoted from publications, not measured here",
                                          "in brackets: 95 % bootstrap interval of the mean over images",
                                          "RealSR, 2 images: CLIPIQA: RN50; MUSIQ: KonIQ",
                                          "not measured here: Other LPIPS", "published but not held here: the rest"));
}

TEST(Tables, AMeanOverFewerImagesIsMarked) {
  Results results = realsr();
  results.methods[0].images.pop_back();
  results.methods[2].images[0].values[1] = NAN;
  const Table table = filled({{results}, {}});
  EXPECT_TRUE(table.measured[0].cells[0].fewer_images);
  EXPECT_FALSE(table.measured[1].cells[0].fewer_images);
  EXPECT_TRUE(table.measured[2].cells[1].fewer_images);
  EXPECT_THAT(table.notes, ::testing::Contains("RealSR, 2 images: CLIPIQA: RN50 (bicubic: mean over 1 ‡); "
                                               "MUSIQ: KonIQ (bicubic: mean over 1 ‡, m:0.2: mean over 1 ‡)"));
  EXPECT_THAT(tables_markdown({table}), HasSubstr("| bicubic | 0.40 ‡ | 40.0 ‡ | - |"));
}

TEST(Tables, AnAblationHasTheRowsOfItsPrefix) {
  TableLayout layout = read_layouts(kLayout, "layout").front();
  layout.methods = "m:";
  const Table table = fill_table(layout, {{realsr()}, {}});
  ASSERT_EQ(table.measured.size(), 1U);
  EXPECT_EQ(table.measured[0].method, "m:0.2");
}

TEST(Tables, CostsHaveColumnsToo) {
  TableLayout layout;
  layout.columns = {{"", "Training", "training_hours", "hours", false, 1},
                    {"", "Training", "processes", "GPUs", false, 0, /*ranked=*/false},
                    {"realsr", "Inference", "seconds_per_image", "s", false, 2},
                    {"realsr", "Inference", "parameters", "M", false, 1}};
  Results results = realsr();
  results.methods[1].seconds_per_image = 0.25;
  results.methods[1].parameters = 118.59;
  const Table table = fill_table(layout, {{results}, {{"student & co", 12.5, 4}, {"teacher", 100, 8}}});
  ASSERT_EQ(table.measured.size(), 2U);  // nothing is known of what bicubic costs
  EXPECT_THAT(tables_latex({table}), AllOf(HasSubstr("\\begin{table}[t]"), Not(HasSubstr("\\small\\"))));
  layout.columns.resize(5, layout.columns[3]);
  EXPECT_THAT(tables_latex({fill_table(layout, {{results}, {}})}),
              AllOf(HasSubstr("\\begin{table*}[t]"), HasSubstr("\\end{table*}"), HasSubstr("\\small\\")));
  EXPECT_THAT(tables_markdown({table}), AllOf(HasSubstr("| Training hours ↓ | Training GPUs |"),
                                              HasSubstr("| student & co | **12.5** | 4 | 0.25 | 118.6 |"),
                                              HasSubstr("| teacher | 100.0 | 8 | - | - |")));
}

TEST(Tables, WithoutALayoutEverythingMeasuredHasAColumn) {
  Results imagenet;
  imagenet.benchmark = "/runs/a";
  imagenet.title = "a";
  imagenet.metrics = {{"lpips", "alex", false, 4}};
  imagenet.methods = {method_of("bicubic", {{0.5}})};
  imagenet.methods[0].seconds_per_image = 2;
  const Measurements measurements{{realsr(), imagenet}, {}};
  const Table table = fill_table(layout_of_everything(measurements), measurements);
  EXPECT_THAT(tables_markdown({table}),
              AllOf(HasSubstr("| method | RealSR CLIPIQA ↑ | RealSR MUSIQ ↑ | a LPIPS ↓ | a s / image |"),
                    HasSubstr("### Everything measured\n"), HasSubstr("| 0.5000 | 2.000 |\n")));
}

TEST(Tables, Markdown) {
  const std::string text = tables_markdown({filled()});
  EXPECT_THAT(text, HasSubstr("### Table 1: Real images\n\n"
                              "| method | RealSR CLIPIQA ↑ | RealSR MUSIQ ↑ | Other LPIPS ↓ |\n"
                              "| --- | ---: | ---: | ---: |\n"
                              "| bicubic | 0.45 [0.40, 0.50] | 42.0 [40.0, 44.0] | - |\n"
                              "| student & co | <ins>0.75</ins> [0.70, 0.80] | <ins>65.0</ins> [60.0, 70.0] | - |\n"));
  EXPECT_THAT(text, HasSubstr("| *quoted* | | | |\n| Old_1 † [1] | <ins>0.75</ins> | 50.0 | - |\n"
                              "| Old_2 † [1] | **0.90** | **66.0** | - |\n| New † [2] | 0.10 | - | - |\n"));
  EXPECT_THAT(text, HasSubstr("- [1] A & B 2020, Table 1\n- [2] C 2024\n"));
}

TEST(Tables, CsvHoldsFullPrecision) {
  EXPECT_EQ(tables_csv({filled()}),
            "method,kind,source,RealSR CLIPIQA,RealSR CLIPIQA low,RealSR CLIPIQA high,RealSR MUSIQ,RealSR MUSIQ low,"
            "RealSR MUSIQ high,Other LPIPS,Other LPIPS low,Other LPIPS high\n"
            "bicubic,measured,,0.45,0.4,0.5,42,40,44,,,\n"
            "student & co,measured,,0.75,0.7,0.8,65,60,70,,,\n"
            "m:0.2,measured,,0.675,0.65,0.7,61,60,62,,,\n"
            "Old_1,quoted,\"A & B 2020, Table 1\",0.75,,,50,,,,,\n"
            "Old_2,quoted,\"A & B 2020, Table 1\",0.9,,,66.04,,,,,\n"
            "New,quoted,C 2024,0.1,,,,,,,,\n");
}

/// Columns of a row of a LaTeX tabular.
int latex_columns(const std::string& row) {
  int columns = 1;
  for (std::size_t i = 0; i < row.size(); ++i) {
    columns += row[i] == '&' && (i == 0 || row[i - 1] != '\\') ? 1 : 0;
  }
  const std::regex span(R"(\\multicolumn\{(\d+)\})");
  for (std::sregex_iterator at(row.begin(), row.end(), span), end; at != end; ++at) {
    columns += std::stoi((*at)[1]) - 1;
  }
  return columns;
}

TEST(Tables, LatexRowsHaveTheColumnsOfTheirTabular) {
  const std::string text = tables_latex({filled(), filled()});
  EXPECT_THAT(text, HasSubstr("\\begin{tabular}{lrrr}"));
  EXPECT_THAT(text, HasSubstr("\\cmidrule(lr){2-3}\\cmidrule(lr){4-4}"));
  EXPECT_THAT(text, HasSubstr("    student \\& co & \\underline{0.75} & \\underline{65.0} & - \\\\[-3pt]\n"
                              "    & {\\scriptsize [0.70, 0.80]} & {\\scriptsize [60.0, 70.0]} & \\\\\n"));
  EXPECT_THAT(text, HasSubstr("    Old\\_2$^{\\dagger 1}$ & \\textbf{0.90} & \\textbf{66.0} & - \\\\\n"));
  EXPECT_THAT(text, HasSubstr("LPIPS $\\downarrow$"));
  EXPECT_THAT(text, HasSubstr("$^{1}$ A \\& B 2020, Table 1"));
  std::istringstream lines(text);
  int rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with("\\\\") || line.ends_with("\\\\[-3pt]")) {
      EXPECT_EQ(latex_columns(line), 4) << line;
      ++rows;
    }
  }
  EXPECT_EQ(rows, 2 * (2 + 6 + 3));  // heads, methods, intervals of the measured ones
  for (const char* rule : {"\\toprule", "\\midrule", "\\bottomrule", "\\begin{table}", "\\end{table}"}) {
    EXPECT_THAT(text, HasSubstr(rule));
  }
}

TEST(Tables, HtmlStandsAlone) {
  const std::string html = tables_html({filled()});
  EXPECT_THAT(html, HasSubstr("<tr><td>student &amp; co</td><td><u>0.75</u><small>[0.70, 0.80]</small></td>"));
  EXPECT_THAT(html, HasSubstr("<tbody class=\"quoted\">\n<tr><td>Old_1 <sup>†1</sup></td>"));
  EXPECT_THAT(html, HasSubstr("<td><strong>0.90</strong></td>"));
  EXPECT_THAT(html, HasSubstr("<th colspan=\"2\">RealSR</th>"));
  EXPECT_THAT(html, HasSubstr("<li>A &amp; B 2020, Table 1</li>"));
  EXPECT_THAT(html, AllOf(Not(HasSubstr("http")), Not(HasSubstr("src="))));
}

TEST(Markup, SpecialCharactersOfLatex) {
  EXPECT_EQ(
      latex_text("[50%] & a_b #1 {x} \\ ~ ^ η κ × ü"),
      "{[}50\\%{]} \\& a\\_b \\#1 \\{x\\} \\textbackslash{} \\textasciitilde{} \\textasciicircum{} $\\eta$ $\\kappa$ "
      "$\\times$ ü");
  EXPECT_EQ(csv_field("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(markdown_cell("a|b|\nc"), "a\\|b\\| c");
}

TEST(MergeResults, FilesOfABenchmarkBecomeOneSet) {
  const testing::TemporaryFolder scratch;
  Results student = realsr();
  student.methods = {student.methods[0], method_of("other", {{0.6, 61}, {0.7, 62}})};
  student.metrics.push_back({"niqe", "blocks", false, 2});
  for (MethodScores& method : student.methods) {
    for (ImageScores& image : method.images) {
      image.values.push_back(5);
    }
  }
  Results plain = realsr();
  plain.benchmark.clear();
  plain.title.clear();
  write_results(realsr(), scratch / "all/a");
  write_results(plain, scratch / "all/mine");
  write_results(student, scratch / "b");
  const auto files = collect_results({scratch / "all", scratch / "b/results.json", scratch / "b"});
  ASSERT_EQ(files.size(), 3U);
  // bicubic has NIQE in one file alone: the figures that both hold agree, so it is one method.
  const auto sets = merge_results(files);
  ASSERT_EQ(sets.size(), 2U);
  EXPECT_EQ(sets[0].title, "RealSR");
  EXPECT_EQ(sets[1].title, "mine");
  ASSERT_EQ(sets[0].methods.size(), 4U);
  EXPECT_EQ(sets[0].methods[3].name, "other");
  EXPECT_EQ(sets[0].methods[3].mean(2), 5);
  EXPECT_EQ(sets[0].methods[0].mean(2), 5);
  EXPECT_TRUE(std::isnan(sets[0].methods[1].mean(2)));
  EXPECT_EQ(sets[0].metrics.size(), 3U);
}

TEST(MergeResults, WhatContradictsItselfIsRefusedNamingBothFiles) {
  Results again = realsr();
  again.methods[1].images[0].values[0] += 0.01;
  EXPECT_THAT(error_of([&] {
                merge_results({{"one/results.json", realsr()}, {"two/results.json", again}});
              }),
              AllOf(HasSubstr("'student & co'"), HasSubstr("one/results.json"), HasSubstr("two/results.json")));
  Results elsewise = realsr();  // nothing shows that these are the same pictures
  elsewise.metrics = {{"niqe", "blocks", false, 2}};
  elsewise.methods = {method_of("bicubic", {{5}, {6}})};
  EXPECT_THAT(error_of([&] {
                merge_results({{"one/results.json", realsr()}, {"two/results.json", elsewise}});
              }),
              HasSubstr("'bicubic'"));
  Results other = realsr();
  other.metrics[1].protocol = "another";
  other.methods = {method_of("third", {{0.1, 1}})};
  EXPECT_THAT(error_of([&] {
                merge_results({{"one/results.json", realsr()}, {"two/results.json", other}});
              }),
              AllOf(HasSubstr("musiq"), HasSubstr("'KonIQ'"), HasSubstr("'another'"), HasSubstr("one/results.json"),
                    HasSubstr("two/results.json")));
}

TEST(MergeResults, SetsOfOtherImagesAreRefused) {
  const auto with_images = [](const std::string& method, const std::vector<std::string>& names) {
    Results results = realsr();
    results.methods = {{method, "out", {}}};
    for (const std::string& name : names) {
      results.methods[0].images.push_back({name, {0.5, 50}});
    }
    return results;
  };
  const ResultsFile first{"one/results.json", with_images("x", {"a", "b", "c", "d"})};
  EXPECT_THAT(
      error_of([&] {
        merge_results({first, {"two/results.json", with_images("y", {"e", "f", "g", "a"})}});
      }),
      AllOf(HasSubstr("RealSR"), HasSubstr("one/results.json"), HasSubstr("two/results.json"), HasSubstr("1 of 4")));
  // One image that a method could not be measured on is no other set.
  EXPECT_EQ(merge_results({first, {"two/results.json", with_images("y", {"a", "b", "d"})}})[0].methods.size(), 2U);
}

TEST(MergeResults, WhatIsNoneIsRefused) {
  const testing::TemporaryFolder scratch;
  EXPECT_THAT(error_of([&] { collect_results({scratch / "nowhere"}); }), HasSubstr("nowhere"));
  std::filesystem::create_directories(scratch / "empty");
  EXPECT_THAT(error_of([&] { collect_results({scratch / "empty"}); }), HasSubstr("no results.json"));
  testing::write_text(scratch / "empty/results.json", "{}");
  EXPECT_THAT(error_of([&] { collect_results({scratch / "empty"}); }), HasSubstr("not a results file"));
}

TEST(Layouts, TheShippedOnesAreComplete) {
  const auto layouts = shipped_layouts();
  std::vector<std::string> ids;
  for (const TableLayout& layout : layouts) {
    ids.push_back(layout.id);
    for (const QuotedRow& row : layout.quoted) {
      EXPECT_THAT(row.source, ::testing::ContainsRegex("arXiv:[0-9]{4}\\.[0-9]{5}.*Table [0-9]+")) << row.method;
      ASSERT_EQ(row.figures.size(), layout.columns.size()) << row.method;
      for (std::size_t c = 0; c < row.figures.size(); ++c) {
        const std::string& metric = layout.columns[c].metric;
        const double most = metric == "clipiqa" || metric == "ssim_y" || metric == "lpips" ? 1
                            : metric == "musiq"                                            ? 100
                            : metric == "psnr_y"                                           ? 60
                                                                                           : 1e6;
        EXPECT_FALSE(row.figures[c].value <= 0 || row.figures[c].value > most) << row.method << ' ' << metric;
      }
    }
    for (const TableColumn& column : layout.columns) {
      const bool higher = column.metric == "clipiqa" || column.metric == "musiq" || column.metric == "psnr_y" ||
                          column.metric == "ssim_y";
      EXPECT_EQ(column.ranked, higher || column.metric == "lpips") << column.metric;
      EXPECT_EQ(column.higher_is_better, higher) << column.metric;
    }
  }
  EXPECT_THAT(ids, ElementsAre("1", "2", "3", "4", "5", "cost"));
}

TEST(Layouts, MistakesNameTheirLine) {
  const std::string good = kLayout;
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos);
    text.replace(at, from.size(), to);
    return error_of([&] { read_layouts(text, "x.yaml"); });
  };
  EXPECT_THAT(changed("title:", "titel:"), HasSubstr("x.yaml:3: an entry lacks 'title'"));
  EXPECT_THAT(changed("not_held:", "not_hold:"), AllOf(HasSubstr("x.yaml:13:"), HasSubstr("'not_held'?")));
  EXPECT_THAT(changed("[0.1, none, none]", "[0.1, none]"),
              AllOf(HasSubstr("x.yaml:12:"), HasSubstr("'New' has 2 values for 3")));
  EXPECT_THAT(changed("better: lower", "better: less"), HasSubstr("x.yaml:8: better is 'less'"));
  EXPECT_THAT(changed("decimals: 3", "decimals: many"), HasSubstr("x.yaml:8: decimals"));
  EXPECT_THAT(changed("[0.1,", "[nothing,"), HasSubstr("x.yaml:12: 'nothing' is neither a number nor none"));
  EXPECT_THAT(changed(", source: \"C 2024\"", ""), HasSubstr("x.yaml:12: an entry lacks 'source'"));
  EXPECT_THAT(changed("tables:", "table:"), HasSubstr("expected a list called 'tables'"));
  EXPECT_THAT(changed("columns:", "columns: ["), HasSubstr("x.yaml:"));
  EXPECT_THAT(changed("New, source: \"C 2024\"", "Old_1, source: \"A & B 2020, Table 1\""),
              HasSubstr("x.yaml:12: a second row 'Old_1' of one source"));
  EXPECT_THAT(changed("metric: clipiqa", "metric: iterations"),
              HasSubstr("x.yaml:10: '0.75' is no number of iterations"));
  EXPECT_THAT(changed("title: Real images", "title: Real images\n    rows: some"), HasSubstr("rows is 'some'"));
  EXPECT_THAT(error_of([&] { read_layouts("tables: []\nx: [", "x.yaml"); }), HasSubstr("x.yaml:"));
}

TEST(TrainedRun, OfARunsFolder) {
  const testing::TemporaryFolder scratch;
  testing::write_text(scratch / "metrics.jsonl",
                      "{\"step\":1,\"step_ms\":1800000}\n{\"step\":2,\"step_ms\":900000.0}\n{\"st");
  testing::write_text(scratch / "run.yaml",
                      "---\nhosts: one (1 rank)\n---\nhosts: one (4 ranks), two (3 ranks)\nbatch: 8 a rank\n");
  testing::write_text(scratch / "config.yaml", "diffusion:\n  schedule_kwargs:\n    power: 0.3\n  kappa: 2\n");
  const TrainedRun run = read_trained_run(scratch / ".", "student");
  EXPECT_EQ(run.method, "student");
  EXPECT_DOUBLE_EQ(run.hours, 0.75);
  EXPECT_DOUBLE_EQ(run.step_seconds, 1800) << "the median, of two the larger";
  EXPECT_EQ(run.processes, 7);
  EXPECT_EQ(run.iterations, 2);
  EXPECT_EQ(run.power, 0.3);
  EXPECT_EQ(run.kappa, 2);
  testing::write_text(scratch / "config.yaml", "diffusion: none\n");
  EXPECT_TRUE(std::isnan(read_trained_run(scratch / ".", "student").kappa));
  testing::write_text(scratch / "run.yaml", "batch: 8\n");
  EXPECT_THAT(error_of([&] { read_trained_run(scratch / ".", "student"); }), HasSubstr("run.yaml"));
  testing::write_text(scratch / "metrics.jsonl", "{\"step\":1}\n");
  EXPECT_THAT(error_of([&] { read_trained_run(scratch / ".", "student"); }), HasSubstr("metrics.jsonl"));
}

}  // namespace
}  // namespace samsr
