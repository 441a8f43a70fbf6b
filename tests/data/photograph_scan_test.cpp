#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/build/build.h"
#include "data/build_fixtures.h"
#include "data/images/image_file.h"
#include "data/images/image_walk.h"
#include "data/photographs/cache.h"
#include "data/photographs/path_list.h"
#include "data/photographs/scan.h"
#include "data/tools/regenerate.h"
#include "support/files.h"
#include "support/photographs.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryFolder;

std::vector<std::string> walked(const fs::path& folder) {
  std::vector<std::string> paths;
  walk_images(folder, [&](const std::string& path) { paths.push_back(path); });
  return paths;
}

TEST(ImageWalk, GoesInTheOrderOfThePathsParts) {
  const TemporaryFolder folder;
  for (const char* name : {"b/c/2.png", "b/1.png", "a.jpg", "b.png", ".cache/x.png", "b/.y.png", "b/notes.txt"}) {
    fs::create_directories((folder / name).parent_path());
    testing::write_text(folder / name, "x");
  }
  fs::create_directory_symlink(folder.path(), folder / "b/loop");
  fs::create_symlink(folder / "a.jpg", folder / "b/link.jpg");
  fs::create_symlink("nowhere.png", folder / "b/torn.png");
  EXPECT_THAT(walked(folder.path()), ElementsAre("a.jpg", "b/1.png", "b/c/2.png", "b/link.jpg", "b/torn.png", "b.png"));
}

TEST(PathList, GivesBackEveryPathInPieces) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "images");
  fs::create_directories(folder / "list");
  const std::uint64_t count = 2 * PathList::kPiece + 5;
  for (std::uint64_t i = 0; i < count; ++i) {
    testing::write_text(folder / fmt::format("images/{:05}.png", i), "x");
  }
  PathList::write(folder / "images", folder / "list");
  const PathList list(folder / "list");
  ASSERT_EQ(list.pieces(), 3U);
  std::uint64_t number = 0;
  for (std::uint64_t piece = 0; piece < list.pieces(); ++piece) {
    for (const std::string& path : list.piece(piece)) {
      EXPECT_EQ(path, fmt::format("{:05}.png", number++));
    }
  }
  EXPECT_EQ(number, count);
  fs::remove_all(folder / "images");
  fs::create_directories(folder / "images");
  PathList::write(folder / "images", folder / "list");
  EXPECT_EQ(PathList(folder / "list").pieces(), 0U);
}

class PhotographScan : public ::testing::Test {
 protected:
  PhotographScan() {
    testing::write_drawn_photographs(folder_ / "photos/a", 2);
    testing::write_drawn_photographs(folder_ / "photos/b/c", 3);
    fs::create_directories(folder_ / "out");
  }
  std::unique_ptr<PhotographIndex> scan(int min_size = 64) {
    Log log(lines_, 0, 1, false);
    return index_photographs(folder_ / "photos", min_size, limits_, folder_ / "out", *comm_, log);
  }

  TemporaryFolder folder_;
  ImageLimits limits_;
  std::ostringstream lines_;
  std::unique_ptr<Communicator> comm_ = make_single_communicator();
};

TEST_F(PhotographScan, ListsWhatCanBeUsed) {
  testing::write_text(folder_ / "photos/b/text.png", "no photograph");
  write_png(folder_ / "photos/tiny.png", cv::Mat(8, 8, CV_8UC3, cv::Scalar(1, 2, 3)));
  const auto index = scan();
  ASSERT_EQ(index->size(), 5U);
  EXPECT_EQ(index->at(0).path, "a/photo0.png");
  EXPECT_EQ(index->at(4).path, "b/c/photo2.png");
  EXPECT_EQ(index->at(0).checksum, index->at(2).checksum);
  EXPECT_NE(index->at(0).checksum, index->at(1).checksum);
  EXPECT_EQ(describe(index->summary()), "5 photographs used; left out: 1 too small, 1 unreadable");
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr("text.png"), HasSubstr("tiny.png: 8×8 pixels")));
  EXPECT_FALSE(fs::exists(folder_ / "out/photographs.scan"));
  EXPECT_THROW(index->at(5), std::logic_error);
}

TEST_F(PhotographScan, NamesTheFirstFewProblemsAndCountsTheRest) {
  for (int i = 0; i < 12; ++i) {
    testing::write_text(folder_ / fmt::format("photos/text{:02}.png", i), "no photograph");
  }
  EXPECT_EQ(scan()->summary().unreadable, 12U);
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr("text00.png"), HasSubstr("text04.png"), Not(HasSubstr("text05.png")),
                                  HasSubstr("7 more")));
}

TEST_F(PhotographScan, OtherLimitsMakeTheIndexAnew) {
  write_png(folder_ / "photos/large.png", cv::Mat(1000, 1100, CV_8UC3, cv::Scalar(1, 2, 3)));
  limits_.megapixels = 1;
  EXPECT_EQ(scan()->size(), 5U);
  EXPECT_THAT(lines_.str(), HasSubstr("large.png: has 1100 x 1000 pixels, above images.max_megapixels=1"));
  limits_ = {};
  EXPECT_EQ(scan()->size(), 6U);
}

TEST_F(PhotographScan, ReadsAgainOnlyWhatMayHaveChanged) {
  scan();
  const std::string before = read_file(folder_ / "out/photographs.index");
  // Damage that neither size nor time betrays is not seen, so nothing was read again.
  const fs::path photo = folder_ / "photos/a/photo1.png";
  const auto time = fs::last_write_time(photo);
  const std::string bytes = read_file(photo);
  testing::write_text(photo, std::string(bytes.size(), 'x'));
  fs::last_write_time(photo, time);
  EXPECT_EQ(scan()->size(), 5U);
  EXPECT_EQ(read_file(folder_ / "out/photographs.index"), before);
  fs::last_write_time(photo, time + std::chrono::seconds(2));
  EXPECT_EQ(scan()->size(), 4U);
  testing::write_text(photo, bytes);
  fs::last_write_time(photo, time);
  EXPECT_EQ(scan()->size(), 5U);
  EXPECT_EQ(read_file(folder_ / "out/photographs.index"), before);
  EXPECT_EQ(scan(102)->size(), 3U);  // 96, 104 | 96, 104, 112 pixels
}

TEST_F(PhotographScan, ADamagedIndexIsMadeAnew) {
  scan();
  const std::string whole = read_file(folder_ / "out/photographs.index");
  for (const std::size_t size : {std::size_t{0}, std::size_t{47}, whole.size() / 2, whole.size() - 1}) {
    write_file_atomically(folder_ / "out/photographs.index", whole.substr(0, size));
    EXPECT_THAT(error_of([&] { PhotographIndex(folder_ / "out/photographs.index"); }), HasSubstr("photographs.index"));
    scan();
    EXPECT_EQ(read_file(folder_ / "out/photographs.index"), whole);
  }
}

TEST_F(PhotographScan, AChangedPhotographIsNotUsed) {
  const auto index = scan();
  PhotographCache cache(folder_ / "photos", 1 << 20);
  EXPECT_EQ(cache.load(index->at(1)).rows, 104);
  write_png(folder_ / "photos/a/photo0.png", cv::Mat(100, 100, CV_8UC3, cv::Scalar(1, 2, 3)));
  EXPECT_THAT(error_of([&] { cache.load(index->at(0)); }), AllOf(HasSubstr("photo0.png"), HasSubstr("has changed")));
}

TEST_F(PhotographScan, PairsAreRegenerated) {
  Log log(lines_, 0, 1, false);
  const BuildSettings settings = testing::small_build(folder_ / "photos", folder_ / "out");
  build_dataset(settings, testing::kUsualStages, "config\n", *comm_, log);
  for (const std::uint64_t index : {0U, 7U, 10U}) {
    lines_.str("");
    regenerate_pair(folder_ / "out", index, folder_ / "pair", {}, log);
    EXPECT_THAT(lines_.str(), HasSubstr("identical"));
    EXPECT_EQ(read_image(folder_ / fmt::format("pair/gt/sample-{:06}.png", index)).rgb.rows, 64);
    EXPECT_EQ(read_image(folder_ / fmt::format("pair/lq/sample-{:06}.png", index)).rgb.rows, 16);
  }
  EXPECT_THAT(error_of([&] { regenerate_pair(folder_ / "out", 11, folder_ / "pair", {}, log); }),
              HasSubstr("holds samples 0 to 10"));
  fs::rename(folder_ / "photos", folder_ / "moved");
  EXPECT_THAT(error_of([&] { regenerate_pair(folder_ / "out", 3, folder_ / "pair", {}, log); }), HasSubstr("photos"));
  regenerate_pair(folder_ / "out", 3, folder_ / "pair", folder_ / "moved", log);
  // Every photograph another one: the same size, other pixels.
  for (const std::string& path : walked(folder_ / "moved")) {
    cv::Mat image = read_image(folder_.path() / "moved" / path).rgb;
    image = 255 - image;
    write_png(folder_.path() / "moved" / path, image);
  }
  EXPECT_THAT(error_of([&] { regenerate_pair(folder_ / "out", 3, folder_ / "pair", folder_ / "moved", log); }),
              HasSubstr("hr differs"));
}

}  // namespace
}  // namespace samsr
