// Differences of methods from one of them, image by image.

#include "eval/tables/differences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "eval/tables/print.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using testing::error_of;
using ::testing::HasSubstr;

/// One set of `metric`; the images of each method are named a, b, c, …
Results set_of(const std::string& name, const std::vector<std::pair<std::string, std::vector<double>>>& methods) {
  Results results;
  results.benchmark = results.title = name;
  results.metrics = {{"psnr_y", "dB", true, 2}};
  for (const auto& [method, values] : methods) {
    MethodScores scores{method, "out", {}};
    for (std::size_t i = 0; i < values.size(); ++i) {
      scores.images.push_back({std::string(1, static_cast<char>('a' + i)), {values[i]}});
    }
    results.methods.push_back(std::move(scores));
  }
  return results;
}

TEST(Differences, AreOfTheSameImages) {
  // Images differ by far more than methods: only their differences show which is better.
  Results real = set_of("Real", {{"plain", {10, 20, 40, 5}}, {"new", {11, 21, 41, 6}}, {"gone", {10, NAN, 38}}});
  std::swap(real.methods[1].images[0], real.methods[1].images[2]);  // matched by name
  const Table table = differences_from("plain", {{real, set_of("Other", {{"new", {1, 2}}, {"plain", {3, 3}}})}, {}});
  ASSERT_EQ(table.measured.size(), 2U);
  ASSERT_EQ(table.columns.size(), 2U);
  EXPECT_EQ(table.measured[0].method, "new");
  EXPECT_DOUBLE_EQ(table.measured[0].cells[0].value, 1);
  EXPECT_DOUBLE_EQ(table.measured[0].cells[0].interval->low, 1);
  EXPECT_DOUBLE_EQ(table.measured[0].cells[0].interval->high, 1);
  EXPECT_DOUBLE_EQ(table.measured[0].cells[1].value, -1.5);
  EXPECT_DOUBLE_EQ(table.measured[1].cells[0].value, -1) << "of the two images that both have";
  EXPECT_TRUE(std::isnan(table.measured[1].cells[1].value)) << "it is not in the other set";
  const std::string text = tables_markdown({table});
  EXPECT_THAT(text, HasSubstr("### Differences from plain, image by image"));
  EXPECT_THAT(text, HasSubstr("| new | +1.00 [1.00, 1.00] | -1.50 [-2.00, -1.00] |"));
  EXPECT_THAT(text, HasSubstr("| gone | -1.00 [-2.00, 0.00] | - |"));
  EXPECT_THAT(tables_csv({table}), HasSubstr("\nnew,measured,,1,1,1,-1.5,-2,-1\n"));
}

TEST(Differences, LeaveOutMetricsOfWholeSets) {
  Results set = set_of("Real", {{"plain", {1, 2}}, {"new", {2, 3}}});
  set.metrics.push_back({"fid", "clean", false, 2, /*whole_set=*/true});
  for (MethodScores& method : set.methods) {
    for (ImageScores& image : method.images) {
      image.values.push_back(NAN);
    }
  }
  EXPECT_EQ(differences_from("plain", {{set}, {}}).columns.size(), 1U);
}

TEST(Differences, AsJsonHaveFullPrecision) {
  const Table table = differences_from("plain", {{set_of("Real", {{"plain", {1, 2}}, {"new", {1.25, 2.125}}})}, {}});
  const nlohmann::json read = nlohmann::json::parse(tables_json({table}));
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0]["columns"][0]["label"], "Real PSNR-Y");
  EXPECT_EQ(read[0]["columns"][0]["higher_is_better"], true);
  EXPECT_EQ(read[0]["rows"][0]["method"], "new");
  EXPECT_EQ(read[0]["rows"][0]["cells"][0]["value"], 0.1875);
  EXPECT_EQ(read[0]["rows"][0]["cells"][0]["interval"], (nlohmann::json{0.125, 0.25}));
}

TEST(Differences, FromAMethodThatThereIsNotAreRefused) {
  const Measurements two{{set_of("Real", {{"plain", {1}}, {"new", {2}}})}, {}};
  EXPECT_THAT(error_of([&] { differences_from("plane", two); }), HasSubstr("did you mean 'plain'?"));
  const Measurements one{{set_of("Real", {{"plain", {1}}})}, {}};
  EXPECT_THAT(error_of([&] { differences_from("plain", one); }), HasSubstr("nothing else was measured"));
}

}  // namespace
}  // namespace samsr
