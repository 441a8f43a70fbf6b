// `samsr table` through the program itself.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "launch/program.h"
#include "support/files.h"
#include "support/temporary_folder.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// results.json as `samsr eval` writes it, of one method on two images.
void write_results_of(const fs::path& folder, const std::string& benchmark, const std::string& method, double clipiqa) {
  nlohmann::json root{
      {"format", "samsr-results/1"}, {"benchmark", benchmark}, {"title", benchmark}, {"reference", nullptr}};
  root["metrics"] = {{{"name", "clipiqa"}, {"protocol", "RN50"}, {"higher_is_better", true}, {"decimals", 4}}};
  root["methods"] = {
      {{"name", method},
       {"source", "out"},
       {"per_image", {{{"image", "a"}, {"clipiqa", clipiqa}}, {{"image", "b"}, {"clipiqa", clipiqa + 0.1}}}}}};
  write_text(folder / "results.json", root.dump());
}

TEST(TableVerb, PutsRunsTogetherAsThePapersTable) {
  const TemporaryFolder folder;
  write_results_of(folder / "a", "realsr", "student", 0.7);
  write_results_of(folder / "b", "realset65", "student", 0.5);
  const Outcome outcome = run(samsr("table " + folder.path()));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("### Table 1: Real-world images"), Not(HasSubstr("### Table 2"))));
  EXPECT_THAT(outcome.output, HasSubstr("| student | **0.7500** [0.7000, 0.8000] | - | 0.5500 [0.5000, 0.6000] | - |"));
  EXPECT_THAT(outcome.output, HasSubstr("| SinSR-1 † [1] |"));
  EXPECT_THAT(outcome.output, HasSubstr("not measured here: RealSR MUSIQ, RealSet65 MUSIQ"));

  const Outcome all = run(samsr("table " + (folder / "a") + " --layout 2 --format all --out " + (folder / "out")));
  EXPECT_EQ(all.status, 2) << all.output;  // the rest is written, and what is missing is said
  EXPECT_THAT(all.output, HasSubstr("--layout 2: asked for and not measured: "));
  for (const char* file : {"tables.md", "tables.csv", "tables.json", "tables.tex", "tables.html"}) {
    EXPECT_THAT(read_file(folder / ("out/" + std::string(file))), HasSubstr("SinSR-1")) << file;
  }
  // The extension says which format.
  ASSERT_EQ(
      run(samsr("table " + (folder / "a/results.json") + " --layout measured --out " + (folder / "new/t.tex"))).status,
      0);
  EXPECT_THAT(read_file(folder / "new/t.tex"),
              AllOf(HasSubstr("\\toprule"), HasSubstr("student"), Not(HasSubstr("SinSR"))));
}

TEST(TableVerb, PrintsDifferencesFromOneMethod) {
  const TemporaryFolder folder;
  write_results_of(folder / "a", "realsr", "student", 0.7);
  write_results_of(folder / "b", "realsr", "plain", 0.5);
  const Outcome outcome = run(samsr("table " + folder.path() + " --against plain"));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("| student | +0.2000 [0.2000, 0.2000] |"));
  ASSERT_EQ(run(samsr("table " + folder.path() + " --against plain --format all --out " + (folder / "out"))).status, 0);
  EXPECT_EQ(nlohmann::json::parse(read_file(folder / "out/differences.json"))[0]["rows"].size(), 1U);
  const std::pair<const char*, const char*> cases[] = {{"--against plane", "did you mean 'plain'?"},
                                                       {"--against plain --compare", "goes without"},
                                                       {"--against plain --layout 1", "goes without"}};
  for (const auto& [options, expected] : cases) {
    const Outcome wrong = run(samsr("table " + folder.path() + " " + options));
    EXPECT_EQ(wrong.status, 2) << options;
    EXPECT_THAT(wrong.output, HasSubstr(expected)) << options;
  }
}

TEST(TableVerb, PrintsThePaperWithoutResultsInAllFormats) {
  const TemporaryFolder folder;
  const Outcome paper = run(samsr("table --paper"));
  ASSERT_EQ(paper.status, 0) << paper.output;
  for (const char* part : {"### Table 1: ", "### Table 2: ", "### Table 3: ", "### Table 4: ", "### Table 5: ",
                           "| SAMSR † [1] | **0.7179** |", "| 1/6 † [1] | 0.3 | 2.0 | 0.7092 |", "| 10-15k | 1.89 |"}) {
    EXPECT_THAT(paper.output, HasSubstr(part));
  }
  EXPECT_THAT(paper.output, AllOf(Not(HasSubstr("2503.13358")), Not(HasSubstr("not measured here: "))));
  ASSERT_EQ(run(samsr("table --paper --layout 4 --format all --out " + (folder / "out"))).status, 0);
  for (const char* file : {"tables.md", "tables.csv", "tables.json", "tables.tex", "tables.html"}) {
    EXPECT_THAT(read_file(folder / ("out/" + std::string(file))), AllOf(HasSubstr("63.241"), Not(HasSubstr("50.539"))));
  }
}

TEST(TableVerb, ComparesWithWhatIsPublished) {
  const TemporaryFolder folder;
  write_results_of(folder / "a", "realsr", "SamSR_v1", 0.67);
  const Outcome outcome = run(samsr("table --compare " + (folder / "a")));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("### Table 1: Real-world images, measured and published"),
                                    HasSubstr("| SamSR_v1 † [1] | RealSR CLIPIQA ↑ | 0.7200 | [0.6700, 0.7700] | "
                                              "0.7179 | +0.0021 | yes |"),
                                    HasSubstr("published, not measured here: ESRGAN")));
  ASSERT_EQ(run(samsr("table --compare " + (folder / "a") + " --format all --out " + (folder / "out"))).status, 0);
  for (const char* file : {"comparison.md", "comparison.csv", "comparison.tex", "comparison.html"}) {
    EXPECT_THAT(read_file(folder / ("out/" + std::string(file))), HasSubstr("0.7179")) << file;
  }
}

TEST(TableVerb, OwnLayoutsTakeThePlaceOfTheShippedOnes) {
  const TemporaryFolder folder;
  write_results_of(folder / "a", "mine", "student", 0.7);
  write_text(folder / "own.yaml",
             "tables:\n  - id: x\n    title: Mine\n    quoted: []\n    columns:\n"
             "      - {benchmark: mine, group: Mine, metric: clipiqa, label: C, better: higher, decimals: 1}\n");
  for (const char* option : {" --layout ", " --layout x --published "}) {
    const Outcome outcome = run(samsr("table " + (folder / "a") + option + (folder / "own.yaml")));
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, HasSubstr("### Table x: Mine"));
  }
  // No shipped layout has a place for these figures.
  EXPECT_THAT(run(samsr("table " + (folder / "a"))).output, HasSubstr("### Everything measured"));
}

TEST(TableVerb, MistakesAreOneLineWithStatus2) {
  const TemporaryFolder folder;
  write_results_of(folder / "a", "realsr", "student", 0.7);
  write_results_of(folder / "b", "realsr", "student", 0.8);
  folder.folder("empty");
  write_text(folder / "torn.json", "{");
  const auto expect = [&](const std::string& arguments, const std::vector<std::string>& parts) {
    const Outcome outcome = run(samsr("table " + arguments));
    EXPECT_EQ(outcome.status, 2) << arguments;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
    for (const std::string& part : parts) {
      EXPECT_THAT(outcome.output, HasSubstr(part));
    }
  };
  expect(folder / "torn.json", {"torn.json", "not a results file"});
  expect(folder / "empty", {"empty", "no results.json"});
  expect(folder / "nowhere", {"nowhere", "no such file"});
  expect((folder / "a") + " " + (folder / "b"), {"'student'", "a/results.json", "b/results.json"});
  expect((folder / "a") + " --layout measurd", {"measurd", "'measured'"});
  expect((folder / "a") + " --layout 6", {"1, 2, 3, 4, 5"});
  expect((folder / "a") + " --format latx", {"latx", "'latex'"});
  expect((folder / "a") + " --format all", {"--out"});
  expect("", {"name results", "--paper"});
  expect("--paper " + (folder / "a"), {"--compare"});
  expect("--paper --compare " + (folder / "a"), {"give one of them"});
  expect("--paper --layout cost", {"no publication has such a table"});
  expect("--compare", {"name results"});
  expect("--compare " + (folder / "a"), {"(student)", "SinSR-1"});
  expect((folder / "a") + " --format markdown --out " + folder.path(), {"is a folder; name a file"});
  const std::string results = read_file(folder / "a/results.json");
  for (const char* name : {"mine.txt", "mine.md"}) {
    write_text(folder / name, results);
    expect((folder / name) + " --format markdown --out " + (folder / name), {"would be replaced by what is written"});
    EXPECT_EQ(read_file(folder / name), results);
  }
  expect((folder / "a") + " --run student=" + (folder / "empty"), {"metrics.jsonl"});
}

}  // namespace
}  // namespace samsr::testing
