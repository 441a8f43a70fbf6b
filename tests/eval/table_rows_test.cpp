// Which published file is measured for which row of the papers' tables.

#include "eval/bench_table/table_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "support/user_error.h"

namespace samsr {
namespace {
using testing::error_of;
using ::testing::HasSubstr;

TEST(TableRows, EveryFileWithARowIsFoundByIt) {
  const std::vector<OfficialFile> files = OfficialFiles(OfficialFilesSettings()).files();
  std::set<std::string> with_row;
  for (const OfficialFile& file : files) {
    if (!file.row.empty()) {
      with_row.insert(file.name);
    }
  }
  std::set<std::string> found;
  for (const TableLayout& layout : measurable_layouts("1,2")) {
    for (const QuotedRow& row : layout.quoted) {
      if (const OfficialFile* file = file_of_row(files, row.method, layout.id)) {
        found.insert(file->name);
      }
    }
  }
  EXPECT_EQ(found, with_row) << "a row of configs/weights.yaml that is none of eval/tables/published.yaml";
  EXPECT_EQ(file_of_row(files, "SinSR-1", "1")->name, "SinSR_v2");
  EXPECT_EQ(file_of_row(files, "SinSR-1", "2")->name, "SinSR_v1");
  EXPECT_EQ(file_of_row(files, "LDM-30", "2")->name, "LDM-SR");
  EXPECT_EQ(file_of_row(files, "LDM", "2"), nullptr);
  EXPECT_EQ(file_of_row(files, "CTMSR-1", "1"), nullptr);
}

TEST(TableRows, StepsStandBehindANamesHyphen) {
  EXPECT_EQ(steps_in_name("LDM-15"), 15);
  EXPECT_EQ(steps_in_name("RealSR-JPEG"), 0);
  EXPECT_EQ(steps_in_name("SwinIR"), 0);
  EXPECT_EQ(steps_in_name("x4-2b"), 0);
}

TEST(TableRows, TablesOfOtherFiguresAreRefused) {
  EXPECT_EQ(measurable_layouts("2,1,2").size(), 2U);
  for (const char* id : {"3", "5", "cost", "1,,2", "one"}) {
    EXPECT_THAT(error_of([&] { measurable_layouts(id); }), HasSubstr("is no table that published weights fill"));
  }
  EXPECT_THAT(error_of([] { measurable_layouts(""); }), HasSubstr("names no table; there are 1, 2"));
}

}  // namespace
}  // namespace samsr
