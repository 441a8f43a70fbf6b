#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/atomic_file.h"
#include "launch/program.h"
#include "support/files.h"
#include "support/photographs.h"
#include "support/temporary_folder.h"

namespace samsr::testing {
namespace {
using ::testing::HasSubstr;

TEST(CheckVerb, SaysTheSameOnAnyNumberOfRanks) {
  const TemporaryFolder folder;
  const std::filesystem::path photographs = folder / "photographs";
  write_golden_photographs(photographs);
  write_text(photographs / "torn.png", "no picture");
  const std::filesystem::path one = folder / "one.json";
  const std::filesystem::path two = folder / "two.json";
  const Outcome alone = run(samsr("data check " + photographs + " --gt-size 32 --out " + one));
  EXPECT_EQ(alone.status, 0) << alone.output;
  EXPECT_THAT(alone.output, HasSubstr("1 unreadable"));
  EXPECT_THAT(alone.output, HasSubstr("torn.png"));
  EXPECT_EQ(run(samsr_on(2, "data check " + photographs + " --gt-size 32 --out " + two)).status, 0);
  EXPECT_EQ(read_file(one), read_file(two));
}

TEST(CheckVerb, EndsWithStatusTwoWhenNothingCanBeUsed) {
  const TemporaryFolder folder;
  write_text(folder / "torn.png", "no picture");
  const Outcome outcome = run(samsr("data check " + folder.path()));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, HasSubstr("none of 1 files can be used for data.gt_size=256"));
}

TEST(CheckVerb, PlacesToWriteToAreLookedAtBeforeThePhotographs) {
  const TemporaryFolder folder;
  write_golden_photographs(folder / "photographs");
  write_text(folder / "file", "x");
  const std::string check = "data check " + (folder / "photographs") + " --gt-size 32";
  for (const std::string& place : {" --out " + (folder / "file/c.json"), " --sheet " + (folder / "file/s.png"),
                                   " --out " + folder.path(), " --sheet " + folder.path()}) {
    const Outcome outcome = run(samsr(check + place));
    EXPECT_EQ(outcome.status, 2) << place;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
  }
  EXPECT_EQ(run(samsr(check + " --out " + (folder / "new/c.json") + " --sheet " + (folder / "newer/s.png"))).status, 0);
  EXPECT_THAT(read_file(folder / "new/c.json"), HasSubstr("usable"));
  EXPECT_TRUE(std::filesystem::exists(folder / "newer/s.png"));
}

TEST(CheckVerb, WritesNoSheetAmongPhotographs) {
  const TemporaryFolder folder;
  const std::filesystem::path photographs = folder / "photographs";
  write_golden_photographs(photographs);
  const auto before = contents(photographs);
  for (const std::string& sheet : {before.begin()->first, std::string("sheet.png")}) {
    const Outcome outcome = run(samsr("data check " + photographs + " --sheet " + (photographs / sheet)));
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.output, HasSubstr("lies in the folder of the photographs"));
    EXPECT_EQ(contents(photographs), before);
  }
}

}  // namespace
}  // namespace samsr::testing
