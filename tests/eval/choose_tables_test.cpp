#include "eval/tables/choose_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "eval/measure/results.h"
#include "eval/tables/table_format.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// Results of one method on `benchmark` below `folder`.
TableRequest request_of(const testing::TemporaryFolder& folder, const std::string& benchmark) {
  Results results;
  results.benchmark = results.title = benchmark;
  results.metrics = {{"clipiqa", "RN50", true, 4}};
  results.methods = {{"student", "out", {{"a", {0.7}}, {"b", {0.8}}}}};
  write_results(results, folder.folder("results"));
  return {.results = {(folder / "results").string()}, .runs = {}, .layout = kAllLayouts, .published = {}};
}

TEST(ChooseTables, OfAllLayoutsThoseThatFitAreMade) {
  const testing::TemporaryFolder folder;
  const std::vector<Table> tables = choose_tables(request_of(folder, "realsr"));
  ASSERT_THAT(tables, SizeIs(1));
  EXPECT_EQ(tables[0].id, "1");
}

TEST(ChooseTables, WhatFitsNowhereIsATableOfItsOwn) {
  const testing::TemporaryFolder folder;
  TableRequest request = request_of(folder, "mine");
  const std::vector<Table> tables = choose_tables(request);
  ASSERT_THAT(tables, SizeIs(1));
  EXPECT_THAT(tables[0].measured, SizeIs(1));
  EXPECT_THAT(tables[0].quoted, SizeIs(0));
  request.layout = kMeasuredLayout;
  EXPECT_EQ(choose_tables(request)[0].title, tables[0].title);
}

TEST(ChooseTables, SeveralIdsAreSeveralTables) {
  const testing::TemporaryFolder folder;
  TableRequest request = request_of(folder, "realsr");
  request.layout = "2,1";
  const std::vector<Table> tables = choose_tables(request);
  ASSERT_THAT(tables, SizeIs(2));
  EXPECT_EQ(tables[0].id, "2");
  EXPECT_EQ(tables[1].id, "1");
  EXPECT_THAT(columns_not_measured(request, tables), ::testing::Contains("RealSet65 MUSIQ"));
  for (const char* wrong : {"1,6", ",", "1,,2"}) {
    request.layout = wrong;
    EXPECT_THAT(error_of([&] { choose_tables(request); }), HasSubstr("no such table")) << wrong;
  }
}

TEST(ChooseTables, AnUnknownLayoutIsAnErrorWithTheNearest) {
  const testing::TemporaryFolder folder;
  TableRequest request = request_of(folder, "realsr");
  request.layout = "measurd";
  EXPECT_THAT(error_of([&] { choose_tables(request); }), HasSubstr("did you mean 'measured'?"));
}

TEST(TableFormat, GoesByNameThenByTheFilesExtension) {
  EXPECT_STREQ(table_format("", "").name, "markdown");
  EXPECT_STREQ(table_format("", "out/t.tex").name, "latex");
  EXPECT_STREQ(table_format("csv", "out/t.txt").name, "csv");
  EXPECT_STREQ(table_format("", "out/T.TEX").name, "latex");
  for (const char* out : {"t.xlsx", "t.docx", "t.png"}) {
    EXPECT_THAT(error_of([&] { table_format("", out); }),
                HasSubstr("the name must end in .md or .csv or .json or .tex or .html"));
  }
  EXPECT_THAT(error_of([] { table_format("csv", "out/t.tex"); }), HasSubstr("csv is written"));
  EXPECT_THAT(error_of([] { table_format("latx", ""); }), HasSubstr("did you mean 'latex'?"));
}

TEST(TableFormat, AllOfThemAreFilesOfOneFolder) {
  const testing::TemporaryFolder folder;
  write_in_all_formats(choose_tables(request_of(folder, "realsr")), "tables", folder / "out");
  for (const char* file : {"tables.md", "tables.csv", "tables.json", "tables.tex", "tables.html"}) {
    EXPECT_THAT(read_file(folder / "out" / file), HasSubstr("student")) << file;
  }
}

}  // namespace
}  // namespace samsr
