#include "eval/measure/results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::HasSubstr;

Results two_methods() {
  Results results;
  results.reference = "gt";
  results.metrics = {{"psnr_y", "Y, no crop", true, 2}, {"niqe", "blocks", false, 2}};
  results.methods.push_back({"bicubic", "lq", {{"a", {24.0, 8.0}}, {"b,\"c\"", {26.0, NAN}}}});
  results.methods.push_back({"stu|dent", "out", {{"a", {23.5, 7.0}}, {"b,\"c\"", {25.0, 6.0}}}});
  return results;
}

TEST(Results, MeansLeaveOutImagesWithoutValue) {
  const Results results = two_methods();
  EXPECT_DOUBLE_EQ(results.methods[0].mean(0), 25.0);
  EXPECT_DOUBLE_EQ(results.methods[0].mean(1), 8.0);
  EXPECT_EQ(results.methods[0].counted(1), 1);
  EXPECT_EQ(results.ranks(0), (std::vector<Rank>{Rank::kBest, Rank::kNone}));
  EXPECT_EQ(results.ranks(1), (std::vector<Rank>{Rank::kNone, Rank::kBest}));
}

TEST(Results, TheSecondBestOfThreeIsUnderlined) {
  Results results = two_methods();
  results.methods.push_back({"third", "out", {{"a", {25.0, 9.0}}}});
  const std::string table = markdown_table(results);
  EXPECT_THAT(table, HasSubstr("| bicubic | 2 | **25.00** [24.00, 26.00] | <ins>8.00</ins> |"));
  EXPECT_THAT(table, HasSubstr("| third | 1 | **25.00** | 9.00 |"));
  EXPECT_THAT(table, HasSubstr("| stu\\|dent | 2 | <ins>24.25</ins> [23.50, 25.00] | **6.50** [6.00, 7.00] |"));
}

TEST(Results, NothingIsBestAmongOne) {
  Results results = two_methods();
  results.methods.pop_back();
  EXPECT_EQ(results.ranks(0), (std::vector<Rank>{Rank::kNone}));
  results.methods[0].images = {{"a", {NAN, NAN}}};
  EXPECT_TRUE(std::isnan(results.methods[0].mean(0)));
  EXPECT_THAT(markdown_table(results), HasSubstr("| bicubic | 1 | - | - |"));
}

TEST(Results, MarkdownShowsBestDirectionAndProtocol) {
  const std::string table = markdown_table(two_methods());
  EXPECT_THAT(table, HasSubstr("| method | images | PSNR-Y ↑ | NIQE ↓ |"));
  EXPECT_THAT(table, HasSubstr("| bicubic | 2 | **25.00** [24.00, 26.00] | 8.00 |"));
  EXPECT_THAT(table, HasSubstr("| stu\\|dent | 2 | 24.25 [23.50, 25.00] | **6.50** [6.00, 7.00] |"));
  EXPECT_THAT(table, HasSubstr("- PSNR-Y: Y, no crop\n"));
  EXPECT_THAT(table, HasSubstr("- NIQE: blocks; bicubic: mean over 1 of 2 images\n"));
}

TEST(Results, CsvQuotesNamesAndLeavesGaps) {
  EXPECT_EQ(csv_table(two_methods()),
            "method,image,psnr_y,niqe\n"
            "bicubic,a,24,8\n"
            "bicubic,\"b,\"\"c\"\"\",26,\n"
            "stu|dent,a,23.5,7\n"
            "stu|dent,\"b,\"\"c\"\"\",25,6\n");
}

TEST(Results, JsonIsReadBackAsItWas) {
  const testing::TemporaryFolder scratch;
  write_results(two_methods(), scratch / "new/folder");
  const Results back = read_results(scratch / "new/folder/results.json");
  EXPECT_EQ(json_results(back), json_results(two_methods()));
  EXPECT_EQ(read_file(scratch / "new/folder/results.md"), markdown_table(back));
  EXPECT_EQ(read_file(scratch / "new/folder/results.csv"), csv_table(back));
}

TEST(Results, TheSetAndWhatAMethodCostsAreKept) {
  const testing::TemporaryFolder scratch;
  Results results = two_methods();
  results.benchmark = "realsr";
  results.title = "RealSR";
  results.methods[1].seconds_per_image = 0.125;
  results.methods[1].parameters = 118.5;
  results.methods[1].images[0].colour_shift = Colour{0.5, -1.25, 3};
  write_results(results, scratch / "out");
  const Results back = read_results(scratch / "out/results.json");
  EXPECT_EQ(back.benchmark, "realsr");
  EXPECT_EQ(back.title, "RealSR");
  EXPECT_TRUE(std::isnan(back.methods[0].seconds_per_image));
  EXPECT_EQ(back.methods[1].seconds_per_image, 0.125);
  EXPECT_EQ(back.methods[1].parameters, 118.5);
  EXPECT_EQ(back.methods[1].colour_shift(), (Colour{0.5, -1.25, 3}));  // of the one image that has any
  EXPECT_FALSE(back.methods[0].colour_shift().has_value());
}

TEST(Results, TheIntervalsAreInTheJson) {
  const auto root = nlohmann::json::parse(json_results(two_methods()));
  EXPECT_EQ(root["methods"][1]["interval"]["psnr_y"], (nlohmann::json{23.5, 25.0}));
  EXPECT_TRUE(root["methods"][0]["interval"]["niqe"].is_null());  // one image has a value
}

TEST(Results, FilesWithoutTheNewerKeysAreRead) {
  const testing::TemporaryFolder scratch;
  testing::write_text(scratch / "x.json", R"({"format": "samsr-results/1", "reference": null,
    "metrics": [{"name": "niqe", "protocol": "blocks", "higher_is_better": false, "decimals": 2}],
    "methods": [{"name": "a", "source": "out", "per_image": [{"image": "1", "niqe": 5.5}]}]})");
  const Results results = read_results(scratch / "x.json");
  EXPECT_EQ(results.benchmark, "");
  EXPECT_TRUE(std::isnan(results.methods[0].parameters));
  EXPECT_EQ(results.methods[0].mean(0), 5.5);
}

TEST(Results, ForeignFilesAreRefusedByName) {
  const testing::TemporaryFolder scratch;
  for (const char* text : {"{", "{\"format\": \"other/1\"}", "{\"format\": \"samsr-results/1\"}"}) {
    testing::write_text(scratch / "x.json", text);
    EXPECT_THAT(testing::error_of([&] { read_results(scratch / "x.json"); }), HasSubstr("x.json")) << text;
  }
}

}  // namespace
}  // namespace samsr
