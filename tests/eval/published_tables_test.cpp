// The paper's five tables as `samsr table --paper` prints them, against a copy of their values of this test's own; and
// measured figures beside them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

#include "eval/tables/choose_tables.h"
#include "eval/tables/print.h"
#include "eval/tables/print_comparison.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

using Rows = std::vector<std::vector<std::string>>;

const Rows kTable1{{"method", "RealSR CLIPIQA ↑", "RealSR MUSIQ ↑", "RealSet65 CLIPIQA ↑", "RealSet65 MUSIQ ↑"},
                   {"ESRGAN", "0.2362", "29.048", "0.3739", "42.369"},
                   {"RealSR-JPEG", "0.3615", "36.076", "0.5282", "50.539"},
                   {"BSRGAN", "0.5439", "63.586", "0.6163", "65.582"},
                   {"SwinIR", "0.4654", "59.636", "0.5782", "63.822"},
                   {"RealESRGAN", "0.4898", "59.678", "0.5995", "63.220"},
                   {"DASR", "0.3629", "45.825", "0.4965", "55.708"},
                   {"LDM-15", "0.3836", "49.317", "0.4274", "47.488"},
                   {"ResShift-15", "0.5958", "59.873", "0.6537", "61.330"},
                   {"SinSR-1", "0.6887", "61.582", "0.7150", "62.169"},
                   {"SAMSR", "0.7179", "63.696", "0.7324", "65.089"}};

const Rows kTable2{{"method", "ImageNet-Test PSNR ↑", "ImageNet-Test SSIM ↑", "ImageNet-Test LPIPS ↓",
                    "ImageNet-Test CLIPIQA ↑", "ImageNet-Test MUSIQ ↑"},
                   {"ESRGAN", "20.67", "0.448", "0.485", "0.451", "43.615"},
                   {"RealSR-JPEG", "23.11", "0.591", "0.326", "0.537", "46.981"},
                   {"BSRGAN", "24.42", "0.659", "0.259", "0.581", "54.697"},
                   {"SwinIR", "23.99", "0.667", "0.238", "0.564", "53.790"},
                   {"RealESRGAN", "24.04", "0.665", "0.254", "0.523", "52.538"},
                   {"DASR", "24.75", "0.675", "0.250", "0.536", "48.337"},
                   {"LDM-30", "24.49", "0.651", "0.248", "0.572", "50.895"},
                   {"LDM-15", "24.89", "0.670", "0.269", "0.512", "46.419"},
                   {"ResShift-15", "24.90", "0.673", "0.228", "0.603", "53.897"},
                   {"SinSR-1", "24.56", "0.657", "0.221", "0.611", "53.357"},
                   {"SAMSR", "24.74", "0.666", "0.217", "0.619", "54.146"}};

const Rows kTable3{{"m", "Noise schedule p", "Noise schedule κ", "RealSR CLIPIQA ↑", "RealSR MUSIQ ↑",
                    "RealSet65 CLIPIQA ↑", "RealSet65 MUSIQ ↑"},
                   {"1/2", "0.3", "2.0", "0.6992", "60.483", "0.7193", "62.451"},
                   {"1/4", "0.3", "2.0", "0.7019", "61.642", "0.7221", "62.633"},
                   {"1/5", "0.3", "2.0", "0.7179", "63.696", "0.7324", "65.089"},
                   {"1/6", "0.3", "2.0", "0.7092", "62.734", "0.7251", "62.914"},
                   {"1/8", "0.3", "2.0", "0.7119", "62.385", "0.7291", "64.218"},
                   {"1/10", "0.3", "2.0", "0.7069", "61.982", "0.7216", "63.814"},
                   {"1/20", "0.3", "2.0", "0.6953", "61.492", "0.7194", "62.843"}};

const Rows kTable4{{"method", "RealSet65 CLIPIQA ↑", "RealSet65 MUSIQ ↑"},
                   {"SAMSR(η_t new, κ)", "0.7208", "63.613"},
                   {"SAMSR(η_t, κ new)", "0.7194", "63.241"},
                   {"SAMSR(η_t new, κ new)", "0.7324", "65.089"}};

const Rows kTable5{{"method", "Training iterations", "Training time, days", "RealSet65 CLIPIQA ↑", "RealSet65 MUSIQ ↑"},
                   {"ResShift", "500k", "7.64", "0.6537", "61.330"},
                   {"SinSR", "30k", "2.57", "0.7150", "62.169"},
                   {"SAMSR", "10-15k", "1.89", "0.7324", "65.089"}};

/// The parts of `text` between separators, without blanks around them.
std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    parts.push_back(std::regex_replace(part, std::regex("^ +| +$"), ""));
  }
  return parts;
}

std::string without(const std::string& text, const std::string& pattern) {
  return std::regex_replace(text, std::regex(pattern), "");
}

/// Heads and rows of the tables of a page in Markdown, marks and numbers of sources left out.
std::vector<Rows> markdown_tables(const std::string& page) {
  std::vector<Rows> tables;
  for (const std::string& line : parts_of(page, '\n')) {
    if (line.starts_with("### ")) {
      tables.emplace_back();
    } else if (line.starts_with("|") && !line.starts_with("| ---")) {
      std::vector<std::string> row = parts_of(line.substr(1), '|');
      for (std::string& cell : row) {
        cell = without(cell, "\\*\\*|</?ins>| † \\[1\\]");
      }
      tables.back().push_back(row);
    }
  }
  return tables;
}

/// The rows of the tables of a page in LaTeX behind their heads, likewise.
std::vector<Rows> latex_tables(const std::string& page) {
  std::vector<Rows> tables;
  bool head = true;
  for (std::string line : parts_of(page, '\n')) {
    if (line.starts_with("\\begin{table")) {
      tables.emplace_back();
      head = true;
    }
    head = head && line != "\\midrule";
    if (!head && line.ends_with("\\\\")) {
      line = without(line.substr(0, line.size() - 2), "\\\\(textbf|underline)\\{|\\$\\^\\{\\\\dagger 1\\}\\$|\\}");
      line = std::regex_replace(line, std::regex("\\$\\\\eta\\$"), "η");
      line = std::regex_replace(line, std::regex("\\$\\\\kappa\\$"), "κ");
      line = std::regex_replace(line, std::regex("\\\\_"), "_");
      tables.back().push_back(parts_of(line, '&'));
    }
  }
  return tables;
}

TEST(PublishedTables, EveryValueOfThePaperIsPrintedAsItPrintsIt) {
  const std::vector<Table> tables = published_tables({});
  const Rows* const expected[] = {&kTable1, &kTable2, &kTable3, &kTable4, &kTable5};
  const std::vector<Rows> markdown = markdown_tables(tables_markdown(tables));
  const std::vector<Rows> latex = latex_tables(tables_latex(tables));
  ASSERT_THAT(markdown, SizeIs(5));
  ASSERT_THAT(latex, SizeIs(5));
  for (std::size_t t = 0; t < 5; ++t) {
    const Rows& rows = *expected[t];
    ASSERT_EQ(markdown[t].size(), rows.size()) << "table " << t + 1;
    ASSERT_EQ(latex[t].size(), rows.size() - 1) << "table " << t + 1;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      ASSERT_EQ(markdown[t][r].size(), rows[r].size());
      for (std::size_t c = 0; c < rows[r].size(); ++c) {
        EXPECT_EQ(markdown[t][r][c], rows[r][c]) << "table " << t + 1 << ", row " << r;
        if (r > 0) {
          ASSERT_EQ(latex[t][r - 1].size(), rows[r].size());
          EXPECT_EQ(latex[t][r - 1][c], rows[r][c]) << "table " << t + 1 << ", row " << r;
        }
      }
    }
    EXPECT_THAT(tables[t].sources, ElementsAre(HasSubstr("arXiv:2505.07071), Table " + std::to_string(t + 1))));
  }
}

TEST(PublishedTables, OfOneIdItIsThatTable) {
  EXPECT_EQ(published_tables({.layout = "4"}).at(0).id, "4");
  for (const char* none : {"measured", "cost"}) {
    EXPECT_THAT(testing::error_of([&] { published_tables({.layout = none}); }), HasSubstr("no publication has such"));
  }
}

TEST(PublishedTables, RowsThatLookAlikeAreOfDifferentSources) {
  for (const TableLayout& layout : shipped_layouts()) {
    const Table table = fill_table(layout, {});
    std::set<std::pair<std::string, std::size_t>> seen;
    for (const TableRow& row : table.quoted) {
      EXPECT_TRUE(seen.emplace(row.method, row.source).second) << row.method;
    }
    if (layout.id == "2") {
      EXPECT_THAT(tables_markdown({table}), AllOf(HasSubstr("| ResShift-15 † [1] | <ins>24.90</ins> |"),
                                                  HasSubstr("| ResShift-15 † [2] | **25.01** |")));
    }
  }
}

/// A benchmark's results: two images a method, whose CLIPIQA lies `spread` above and below its mean.
Results results_of(const std::string& benchmark, const std::vector<std::pair<std::string, double>>& methods,
                   double spread) {
  Results results;
  results.benchmark = results.title = benchmark;
  results.metrics = {{"clipiqa", "RN50", true, 4}};
  for (const auto& [name, mean] : methods) {
    results.methods.push_back({name, "out", {{"a", {mean - spread}}, {"b", {mean + spread}}}});
  }
  return results;
}

Table filled(const std::string& id, const Measurements& measurements) {
  for (const TableLayout& layout : shipped_layouts()) {
    if (layout.id == id) {
      return fill_table(layout, measurements);
    }
  }
  return {};
}

TEST(PublishedComparison, PutsMeasuredBesidePublishedByName) {
  const Measurements measurements{{results_of("realsr", {{"samsr", 0.72}, {"SinSR_1", 0.5}, {"bicubic", 0.3}}, 0.01)},
                                  {}};
  const PublishedComparison comparison = compare_table(filled("1", measurements), measurements);
  ASSERT_THAT(comparison.figures, SizeIs(2));
  EXPECT_EQ(comparison.figures[0].published, 0.7179);
  EXPECT_NEAR(comparison.figures[0].difference(), 0.0021, 1e-12);
  EXPECT_EQ(comparison.figures[0].within(), true);
  EXPECT_EQ(comparison.figures[1].within(), false);
  EXPECT_THAT(comparison.notes, Contains("measured, without a published row of that name: bicubic"));
  EXPECT_THAT(comparison.notes, Contains(AllOf(HasSubstr("published, not measured here: ESRGAN, RealSR-JPEG"),
                                               Not(HasSubstr("SAMSR")), Not(HasSubstr("SinSR-1,")))));
  EXPECT_THAT(comparisons_markdown({comparison}),
              HasSubstr("| method | figure | measured | interval | published | difference | within |\n"
                        "| --- | --- | ---: | ---: | ---: | ---: | --- |\n"
                        "| samsr † [1] | RealSR CLIPIQA ↑ | 0.7200 | [0.7100, 0.7300] | 0.7179 | +0.0021 | yes |\n"
                        "| SinSR_1 † [1] | RealSR CLIPIQA ↑ | 0.5000 | [0.4900, 0.5100] | 0.6887 | -0.1887 | no |\n"));
  EXPECT_THAT(
      comparisons_latex({comparison}),
      HasSubstr("    samsr$^{\\dagger 1}$ & RealSR CLIPIQA $\\uparrow$ & 0.7200 & {[}0.7100, 0.7300{]} & 0.7179 "
                "& +0.0021 & yes \\\\\n"));
  EXPECT_THAT(comparisons_csv({comparison}),
              AllOf(HasSubstr("table,method,figure,measured,low,high,published,difference,within,source\n"
                              "1,samsr,RealSR CLIPIQA,0.7"),
                    HasSubstr(",0.7179,0.002"), HasSubstr(",yes,\"Z. Liu")));
  EXPECT_THAT(comparisons_html({comparison}), HasSubstr("<td>0.7179</td><td>+0.0021</td><td>yes</td></tr>"));
}

TEST(PublishedComparison, OneImageHasNoIntervalToLieIn) {
  Results results = results_of("realsr", {{"SAMSR", 0.7179}}, 0);
  results.methods[0].images.pop_back();
  const Measurements measurements{{results}, {}};
  const PublishedComparison comparison = compare_table(filled("1", measurements), measurements);
  ASSERT_THAT(comparison.figures, SizeIs(1));
  EXPECT_EQ(comparison.figures[0].within(), std::nullopt);
  EXPECT_THAT(comparisons_markdown({comparison}), HasSubstr("| 0.7179 | - | 0.7179 | +0.0000 | - |"));
}

TEST(PublishedComparison, AFigureThatPrintsAlikeIsWithin) {
  const Measurements measurements{{results_of("realsr", {{"SAMSR", 0.71794}}, 0)}, {}};
  EXPECT_EQ(compare_table(filled("1", measurements), measurements).figures.at(0).within(), true);
}

TEST(PublishedComparison, AMethodOfTwoSourcesIsComparedWithBoth) {
  const Measurements measurements{{results_of("imagenet_test", {{"ResShift-15", 0.6}}, 0.001)}, {}};
  const PublishedComparison comparison = compare_table(filled("2", measurements), measurements);
  ASSERT_THAT(comparison.figures, SizeIs(2));
  EXPECT_EQ(comparison.figures[0].published, 0.603);
  EXPECT_EQ(comparison.figures[1].published, 0.592);
  EXPECT_NE(comparison.figures[0].source, comparison.figures[1].source);
}

TEST(PublishedComparison, AblationsFindTheirRows) {
  const Measurements measurements{
      {results_of("realset65", {{"m:0.5", 0.7}, {"m:0.16666667", 0.71}, {"m:0", 0.6}, {"weights:kappa", 0.72}}, 0.01)},
      {{"m:0.5", 2, 1, 15000, 0.3, 2}}};
  const PublishedComparison factors = compare_table(filled("3", measurements), measurements);
  ASSERT_THAT(factors.figures, SizeIs(2));
  EXPECT_EQ(factors.figures[0].published, 0.7193);
  EXPECT_EQ(factors.figures[1].published, 0.7251);
  EXPECT_THAT(factors.notes, Contains("measured, without a published row of that name: m:0"));
  const PublishedComparison weights = compare_table(filled("4", measurements), measurements);
  ASSERT_THAT(weights.figures, SizeIs(1));
  EXPECT_EQ(weights.figures[0].published, 0.7194);
  // Under the heading m stands the factor; p and κ are those of the run.
  EXPECT_THAT(tables_markdown({filled("3", measurements)}),
              AllOf(HasSubstr("| 0.5 | 0.3 | 2.0 | - | - | 0.7000 ["), HasSubstr("| 0 | - | - | - | - | 0.6000 [")));
}

TEST(PublishedTables, Table5HasARowForEachRunThatIsNamed) {
  const Measurements measurements{{results_of("realset65", {{"SAMSR", 0.73}, {"bicubic", 0.3}}, 0.01)},
                                  {{"SAMSR", 36, 4, 15000, 0.3, 2}, {"ours", 6, 1, 2500, 0.3, 2}}};
  const Table table = filled("5", measurements);
  EXPECT_THAT(tables_markdown({table}),
              AllOf(HasSubstr("| SAMSR | 15k | 1.50 | <ins>0.7300</ins> [0.7200, 0.7400] | - |\n"
                              "| ours | 2500 | 0.25 | - | - |\n| *quoted* |"),
                    HasSubstr("| SAMSR † [1] | 10-15k | 1.89 | **0.7324** | **65.089** |"), Not(HasSubstr("bicubic"))));
  EXPECT_THAT(tables_csv({table}), AllOf(HasSubstr("\nSAMSR,measured,,15000,,,1.5,,,"), HasSubstr(",10-15k,,,1.89,")));
  ASSERT_THAT(compare_table(table, measurements).figures, SizeIs(1));
}

TEST(SameMethod, IsAQuestionOfTheNameAlone) {
  EXPECT_TRUE(same_method("Real-ESRGAN", "RealESRGAN"));
  EXPECT_TRUE(same_method("m:1/6", "m:0.167"));
  EXPECT_TRUE(same_method("m:.2", "m:0.20"));
  EXPECT_FALSE(same_method("m:0.2", "m:0.25"));
  EXPECT_FALSE(same_method("SinSR", "SinSR-1"));
  EXPECT_FALSE(same_method("m:x", "m:y"));
}

TEST(CompareWithPublished, NothingToCompareIsAnErrorThatSaysTheNames) {
  const testing::TemporaryFolder folder;
  write_results(results_of("realsr", {{"ours", 0.5}}, 0.1), folder.folder("a"));
  write_results(results_of("mine", {{"SAMSR", 0.5}}, 0.1), folder.folder("b"));
  const auto message = [&](const std::string& results) {
    return testing::error_of([&] { compare_with_published({.results = {(folder / results).string()}}); });
  };
  EXPECT_THAT(message("a"), AllOf(HasSubstr("(ours)"), HasSubstr("--model NAME="), HasSubstr("SwinIR")));
  EXPECT_THAT(message("b"), HasSubstr("which show imagenet_test clipiqa, imagenet_test lpips"));
}

}  // namespace
}  // namespace samsr
