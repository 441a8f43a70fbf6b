#include "data/photographs/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Files = std::map<std::string, std::string>;

class Split : public ::testing::Test {
 protected:
  Split() {
    for (int i = 0; i < 9; ++i) {
      testing::write_text(in_ / ("sub folder/" + std::to_string(i) + ".JPG"), std::to_string(i));
    }
  }
  std::string error_of_split(const fs::path& images, const fs::path& folder, std::uint64_t every = 8) {
    return testing::error_of([&] { split_photographs(images, folder, every, log_); });
  }
  /// Every file below the test's folder but those of `out_`: nothing of them may ever change.
  Files photographs() const { return testing::contents(in_ / "sub folder"); }

  const testing::TemporaryFolder folder_;
  const fs::path in_ = folder_ / "in";
  const fs::path out_ = folder_ / "out";
  std::ostringstream lines_;
  Log log_{lines_, 0, 1, false};
};

TEST_F(Split, HoldsEveryEighthOutHoweverOften) {
  testing::write_text(in_ / "._a.jpg", "AppleDouble");
  testing::write_text(in_ / "notes.txt", "no photograph");
  testing::write_text(in_ / "a.heic", "x");
  for (int again = 0; again < 2; ++again) {
    ASSERT_EQ(error_of_split(in_, out_), "no error");
    EXPECT_EQ(testing::contents(out_ / "held_out"), (Files{{"00000_0.JPG", "0"}, {"00008_8.JPG", "8"}}));
    EXPECT_EQ(testing::contents(out_ / "train").size(), 7U);
  }
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr("7 photographs to train on, 2 held out"), HasSubstr("1 .heic")));
  ASSERT_EQ(error_of_split(in_, out_, 3), "no error");
  EXPECT_EQ(testing::contents(out_ / "held_out").size(), 3U);
  EXPECT_EQ(testing::contents(out_ / "train").size(), 6U);
}

TEST_F(Split, TakesLinksToPhotographs) {
  fs::create_directories(folder_ / "links");
  for (const auto& entry : fs::directory_iterator(in_ / "sub folder")) {
    fs::create_symlink(entry.path(), folder_ / "links" / entry.path().filename());
  }
  fs::create_directory_symlink("..", folder_ / "links/round");
  ASSERT_EQ(error_of_split(folder_ / "links", out_), "no error");
  EXPECT_EQ(testing::contents(out_ / "train").at("00003_3.JPG"), "3");
}

TEST_F(Split, LeadsToThePhotographsThatItFoundBehindALinkAndTwoDots) {
  fs::create_directories(folder_ / "elsewhere/deep");
  fs::rename(in_ / "sub folder", folder_ / "elsewhere/photos");
  testing::write_text(folder_ / "photos/0.JPG", "another");
  fs::create_directory_symlink(folder_ / "elsewhere/deep", folder_ / "link");
  ASSERT_EQ(error_of_split(folder_ / "link/../photos", out_), "no error");
  EXPECT_EQ(testing::contents(out_ / "train").size(), 7U);
  EXPECT_EQ(testing::contents(out_ / "held_out"), (Files{{"00000_0.JPG", "0"}, {"00008_8.JPG", "8"}}));
}

TEST_F(Split, LeavesOutLinksThatLeadNowhere) {
  fs::create_symlink("nowhere.jpg", in_ / "broken.jpg");
  fs::create_symlink("self.jpg", in_ / "self.jpg");
  ASSERT_EQ(error_of_split(in_, out_), "no error");
  EXPECT_EQ(testing::contents(out_ / "train").size() + testing::contents(out_ / "held_out").size(), 9U);
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr("7 photographs to train on, 2 held out"),
                                  HasSubstr("2 links are left out, leading nowhere (first: broken.jpg)")));
  fs::remove_all(in_ / "sub folder");
  EXPECT_THAT(error_of_split(in_, folder_ / "none"), HasSubstr("0 photographs found"));
}

TEST_F(Split, GivesLongNamesAPlaceToo) {
  testing::write_text(in_ / (std::string(251, 'a') + ".jpg"), "long");
  ASSERT_EQ(error_of_split(in_, out_), "no error");
  EXPECT_EQ(testing::contents(out_ / "train").size() + testing::contents(out_ / "held_out").size(), 10U);
}

TEST_F(Split, ClearsNothingThatItDidNotMake) {
  ASSERT_EQ(error_of_split(in_, out_), "no error");
  const Files train = testing::contents(out_ / "train");
  const auto refused_with = [&](const fs::path& mine) {
    EXPECT_THAT(error_of_split(in_, out_, 4), AllOf(HasSubstr(mine.string()), HasSubstr("was not made by")));
    EXPECT_TRUE(fs::exists(fs::symlink_status(mine)));
    EXPECT_TRUE(fs::is_symlink(out_ / "train/00004_4.JPG")) << "touched beside " << mine;
    fs::remove_all(mine);
  };
  for (const auto& [file, named] : {std::pair("notes.txt", "notes.txt"), std::pair("train/mine.jpg", "train/mine.jpg"),
                                    std::pair("held_out/sub/x.jpg", "held_out/sub"), std::pair("shards/a.h5", "shards"),
                                    std::pair(".hidden", ".hidden")}) {
    testing::write_text(out_ / file, "precious");
    refused_with(out_ / named);
  }
  fs::create_symlink(in_ / "sub folder/1.JPG", out_ / "train/link.jpg");
  refused_with(out_ / "train/link.jpg");
  // A photograph of the user's in the place of a link.
  fs::remove(out_ / "train/00001_1.JPG");
  testing::write_text(out_ / "train/00001_1.JPG", "edited");
  refused_with(out_ / "train/00001_1.JPG");
  ASSERT_EQ(error_of_split(in_, out_), "no error");
  EXPECT_EQ(testing::contents(out_ / "train"), train);
}

TEST_F(Split, AFolderOfPhotographsIsNeverTakenForOneOfLinks) {
  const Files before = photographs();
  testing::write_text(folder_ / "p/train/0.jpg", "p");
  testing::write_text(folder_ / "p/held_out/1.jpg", "p");
  fs::create_directory_symlink(in_, folder_ / "alias");
  for (const fs::path& folder : {in_, in_ / "links", folder_.path(), folder_ / "alias", folder_ / "alias/sub folder"}) {
    EXPECT_THAT(error_of_split(in_, folder), HasSubstr("must lie apart")) << folder;
  }
  EXPECT_THAT(error_of_split(in_, folder_ / "p"), HasSubstr("was not made by"));
  EXPECT_EQ(testing::contents(folder_ / "p/train").at("0.jpg"), "p");
  EXPECT_EQ(photographs(), before);
  EXPECT_FALSE(fs::exists(in_ / "links"));
}

TEST_F(Split, SaysWhatIsMissing) {
  fs::create_directories(folder_ / "empty");
  EXPECT_THAT(error_of_split(folder_ / "empty", out_), HasSubstr("0 photographs found"));
  EXPECT_THAT(error_of_split(folder_ / "nowhere", out_), HasSubstr("no such folder"));
  EXPECT_THAT(error_of_split(in_ / "sub folder/1.JPG", out_), HasSubstr("is a file"));
  testing::write_text(folder_ / "heic/a.heic", "x");
  EXPECT_THAT(error_of_split(folder_ / "heic", out_), HasSubstr("1 .heic (first: a.heic)"));
  EXPECT_FALSE(fs::exists(out_));
}

}  // namespace
}  // namespace samsr
