#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/build/build.h"
#include "data/build/recorded_settings.h"
#include "data/build_fixtures.h"
#include "data/images/image_file.h"
#include "data/photographs/cache.h"
#include "data/photographs/place_list.h"
#include "data/photographs/scan.h"
#include "data/shards/manifest.h"
#include "data/shards/shard_set.h"
#include "data/tools/regenerate.h"
#include "data/tools/stored_sample.h"
#include "support/files.h"
#include "support/photographs.h"
#include "support/shards.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryFolder;

TEST(PlaceList, GivesBackEveryPlaceInPieces) {
  const TemporaryFolder folder;
  const std::uint64_t count = 2 * PlaceList::kPiece + 5;
  const auto place_of = [](std::uint64_t i) {
    PhotographPlace place = file_place(static_cast<std::uint32_t>(i % 3), fmt::format("{:05}.tar/\xff.png", i));
    if (i % 2 == 1) {
      place.file_length = 9;
      place.packing = i % 4 == 1 ? PhotographPlace::Packing::kStored : PhotographPlace::Packing::kDeflated;
      place.offset = i << 33;
      place.size = i + 1;
    }
    return place;
  };
  {
    PlaceListWriter writer(folder.path());
    for (std::uint64_t i = 0; i < count; ++i) {
      writer.append(place_of(i));
    }
    writer.finish();
  }
  const PlaceList list(folder.path());
  ASSERT_EQ(list.pieces(), 3U);
  std::uint64_t number = 0;
  for (std::uint64_t piece = 0; piece < list.pieces(); ++piece) {
    for (const PhotographPlace& place : list.piece(piece)) {
      const PhotographPlace expected = place_of(number++);
      EXPECT_EQ(place.source, expected.source);
      EXPECT_EQ(place.path, expected.path);
      EXPECT_EQ(place.file_length, expected.file_length);
      EXPECT_EQ(place.packing, expected.packing);
      EXPECT_EQ(place.offset, expected.offset);
      EXPECT_EQ(place.size, expected.size);
    }
  }
  EXPECT_EQ(number, count);
  PlaceListWriter(folder.path()).finish();
  EXPECT_EQ(PlaceList(folder.path()).pieces(), 0U);
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
    return index_photographs(folder_ / "photos", {min_size, 1}, limits_, folder_ / "out", *comm_, log);
  }

  /// One pair of the data set in `out`, by the program's own way.
  void regenerate_one(std::uint64_t index, const fs::path& pair, const fs::path& images) {
    Log log(lines_, 0, 1, false);
    BuildSettings settings;
    Settings registry;
    settings.bind(registry);
    load_recorded_settings(Shard(folder_ / "out" / shard_name(0)), registry);
    settings.data.images = images.string();
    RegenerateRequest request;
    request.folder = folder_ / "out";
    request.range = {index, 1, "--index"};
    request.out = pair;
    regenerate(request, settings, testing::kUsualStages, *comm_, log);
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

TEST_F(PhotographScan, SaysWhatItDoesNotReadAndLeavesWhatIsNotItsOwn) {
  testing::write_text(folder_ / "photos/a/x.heic", "x");
  testing::write_text(folder_ / "out/photographs.scan/mine.txt", "precious");
  EXPECT_EQ(scan()->size(), 5U);
  EXPECT_THAT(lines_.str(), HasSubstr("1 file is left out: 1 .heic (first: a/x.heic)"));
  EXPECT_EQ(testing::contents(folder_ / "out/photographs.scan").size(), 1U);
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
    regenerate_one(index, folder_ / "pair", {});
    EXPECT_THAT(lines_.str(), HasSubstr("identical"));
    EXPECT_EQ(read_image(folder_ / fmt::format("pair/gt/sample-{:06}.png", index)).rgb.rows, 64);
    EXPECT_EQ(read_image(folder_ / fmt::format("pair/lq/sample-{:06}.png", index)).rgb.rows, 16);
  }
  EXPECT_THAT(error_of([&] { regenerate_one(11, folder_ / "pair", {}); }), HasSubstr("holds samples 0 to 10"));
  fs::rename(folder_ / "photos", folder_ / "moved");
  EXPECT_THAT(error_of([&] { regenerate_one(3, folder_ / "pair", {}); }), HasSubstr("photos"));
  regenerate_one(3, folder_ / "pair", folder_ / "moved");
  // A link of the folder itself is followed, and said.
  const ShardSet set(folder_ / "out");
  const ShardSet::Place place = set.place(3);
  const std::string third = photograph_of(read_stored_record(place.shard, kSourceField, place.sample));
  fs::rename(folder_.path() / "moved" / third, folder_ / "elsewhere.png");
  fs::create_symlink(folder_ / "elsewhere.png", folder_.path() / "moved" / third);
  regenerate_one(3, folder_ / "pair", folder_ / "moved");
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr("is a link to"), HasSubstr("elsewhere.png, outside")));
  // Every photograph another one: the same size, other pixels.
  for (const fs::path& path : list_images(folder_ / "moved")) {
    cv::Mat image = read_image(path).rgb;
    image = 255 - image;
    write_png(path, image);
  }
  EXPECT_THAT(error_of([&] { regenerate_one(3, folder_ / "pair", folder_ / "moved"); }), HasSubstr("hr, lr differ"));
}

/// Another photograph in the record of every sample of the first shard.
void rename_photographs(const fs::path& folder, const std::string& name) {
  testing::change_samples(folder, 0, [&](std::uint64_t, Sample& sample) {
    auto source = nlohmann::ordered_json::parse(sample.texts.front().second);
    source["image"] = name;
    sample.texts.front().second = source.dump();
  });
}

TEST_F(PhotographScan, RegeneratingReadsNoPictureOutsideTheFolder) {
  Log log(lines_, 0, 1, false);
  build_dataset(testing::small_build(folder_ / "photos", folder_ / "out"), testing::kUsualStages, "config\n", *comm_,
                log);
  write_png(folder_ / "secret.png", cv::Mat(200, 200, CV_8UC3, cv::Scalar(1, 2, 3)));
  for (const std::string& name : {std::string("../secret.png"), (folder_ / "secret.png").string(), std::string(".."),
                                  std::string("a/../../secret.png"), std::string()}) {
    rename_photographs(folder_ / "out", name);
    EXPECT_THAT(error_of([&] { regenerate_one(1, folder_ / "pair", folder_ / "photos"); }),
                AllOf(HasSubstr("is not below"), HasSubstr("photos")))
        << name;
  }
  EXPECT_TRUE(list_images(folder_ / "pair").empty());
}

}  // namespace
}  // namespace samsr
