#include "data/build/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/build_fixtures.h"
#include "data/images/image_file.h"
#include "data/shards/hdf5.h"
#include "data/shards/shard_set.h"
#include "data/tools/inspect.h"
#include "data/tools/stored_sample.h"
#include "data/tools/verify.h"
#include "support/files.h"
#include "support/photographs.h"
#include "support/shards.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::contents;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::small_build;
using testing::TemporaryFolder;
using testing::write_drawn_photographs;

class Build : public ::testing::Test {
 protected:
  Build() { write_drawn_photographs(folder_ / "photos", 4); }

  BuildSettings settings() const { return small_build(folder_ / "photos", folder_ / "out"); }
  void build(const BuildSettings& settings) {
    Log log(lines_, 0, 1, false);
    build_dataset(settings, testing::kUsualStages, "data:\n  test: true\n", *comm_, log);
  }
  /// What building complains of.
  std::string building(const BuildSettings& settings) {
    return error_of([&] { build(settings); });
  }
  std::string verifying() {
    Log log(lines_, 0, 1, false);
    return error_of([&] { verify_dataset(folder_ / "out", *comm_, log); });
  }

  TemporaryFolder folder_;
  std::ostringstream lines_;
  std::unique_ptr<Communicator> comm_ = make_single_communicator();
};

TEST_F(Build, StoresWhatTheContractSays) {
  build(settings());
  const ShardSet set(folder_ / "out");
  EXPECT_EQ(set.size(), 11U);
  EXPECT_EQ(set.shards().size(), 4U);
  EXPECT_EQ(set.header().seed, 5U);
  EXPECT_EQ(set.header().scale, 4U);
  EXPECT_THAT(set.header().config, AllOf(HasSubstr("  gt_size: 64"), HasSubstr("  type: space_to_depth")));
  EXPECT_EQ(read_file(folder_ / "out/config.yaml"), "data:\n  test: true\n");
  const auto shape = [&](const char* name) { return set.find(name)->shape; };
  using Shape = std::vector<std::int64_t>;
  EXPECT_EQ(shape("hr"), (Shape{64, 64, 3}));
  EXPECT_EQ(shape("lr"), (Shape{16, 16, 3}));
  EXPECT_EQ(shape("coverage"), (Shape{16, 16}));
  EXPECT_EQ(shape("coverage_hr"), (Shape{16, 16}));
  EXPECT_EQ(shape("z_hr"), (Shape{48, 16, 16}));
  EXPECT_EQ(shape("z_lr"), (Shape{48, 16, 16}));
  const nlohmann::json source = read_stored_record(set.shards()[1], kSourceField, 0).value();
  EXPECT_THAT(source.at("image").get<std::string>(), HasSubstr("photo"));
  EXPECT_EQ(source.at("crop").at(2), 80);
  EXPECT_TRUE(source.at("degradation").is_object());
  EXPECT_TRUE(fs::exists(folder_ / "out/config.yaml"));
  EXPECT_THAT(lines_.str(), HasSubstr("4 photographs used"));
}

TEST_F(Build, UsesEveryPhotographOnceAnEpoch) {
  build(settings());
  const ShardSet set(folder_ / "out");
  std::vector<std::string> images;
  for (const Shard& shard : set.shards()) {
    for (std::uint64_t i = 0; i < shard.samples(); ++i) {
      images.push_back(photograph_of(read_stored_record(shard, kSourceField, i)));
    }
  }
  EXPECT_EQ(std::set<std::string>(images.begin(), images.begin() + 4).size(), 4U);
  EXPECT_EQ(std::set<std::string>(images.begin() + 4, images.begin() + 8).size(), 4U);
}

TEST_F(Build, EndsWithTheSameBytesAfterAnInterruption) {
  build(settings());
  const auto expected = contents(folder_ / "out");
  fs::remove(folder_ / "out/manifest.json");
  fs::remove(folder_ / "out/shard-000001.h5");
  const std::string torn = expected.at("shard-000003.h5");
  write_file_atomically(folder_ / "out/shard-000003.h5", torn.substr(0, torn.size() / 2));
  testing::write_text(temporary_name(folder_ / "out/shard-000001.h5"), "half a shard");
  build(settings());
  EXPECT_EQ(contents(folder_ / "out"), expected);
  EXPECT_THAT(lines_.str(),
              AllOf(HasSubstr("2 of 4 shards are complete"), HasSubstr("made again"), HasSubstr("shard-000003.h5")));
}

TEST_F(Build, ReplacesNoFileOfSomebodyElses) {
  const fs::path out = folder_.folder("out");
  const auto refused = [&](const char* name, const std::string& bytes) {
    testing::write_text(out / name, bytes);
    EXPECT_THAT(building(settings()), AllOf(HasSubstr(name), HasSubstr("was not made by samsr"))) << bytes;
    EXPECT_EQ(read_file(out / name), bytes);
    fs::remove(out / name);
  };
  const hid_t foreign = H5Fcreate((folder_ / "foreign.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  hdf5::write_attribute(foreign, "content", "measurements");
  ASSERT_GE(H5Fflush(foreign, H5F_SCOPE_GLOBAL), 0);
  const std::string without_format = read_file(folder_ / "foreign.h5");
  hdf5::write_attribute(foreign, "format", "measurements/1");
  ASSERT_GE(H5Fclose(foreign), 0);
  for (const char* name : {"manifest.json", "photographs.index", "shard-000002.h5"}) {
    refused(name, R"({"name": "a web application"})");
    refused(name, without_format);
    refused(name, read_file(folder_ / "foreign.h5"));
  }
  fs::create_directory(out / "manifest.json");
  EXPECT_THAT(building(settings()), HasSubstr("manifest.json: was not made by samsr"));
  fs::remove(out / "manifest.json");
  ASSERT_EQ(building(settings()), "no error");
  const auto expected = contents(out);
  // What a power failure may leave of files of ours.
  for (const char* name : {"manifest.json", "photographs.index", "shard-000002.h5"}) {
    for (const std::string& bytes : {std::string(), std::string(5000, '\0')}) {
      testing::write_text(out / name, bytes);
      ASSERT_EQ(building(settings()), "no error") << name;
      EXPECT_EQ(contents(out), expected) << name;
    }
  }
}

TEST_F(Build, SamplesDoNotDependOnMemoryOrShards) {
  build(settings());
  BuildSettings other = small_build(folder_ / "photos", folder_ / "other");
  other.data.cache_mb = 0;
  other.data.samples_per_shard = 4;
  build(other);
  const ShardSet a(folder_ / "out");
  const ShardSet b(folder_ / "other");
  for (std::uint64_t i = 0; i < a.size(); ++i) {
    for (const char* name : {"hr", "lr", "coverage", "coverage_hr", "z_hr", "z_lr"}) {
      std::vector<unsigned char> ours(a.find(name)->bytes);
      std::vector<unsigned char> theirs(ours.size());
      EXPECT_TRUE(a.read(i, name, ours.data()));
      EXPECT_TRUE(b.read(i, name, theirs.data()));
      EXPECT_EQ(ours, theirs) << name << " of sample " << i;
    }
  }
}

TEST_F(Build, GrowsWhenMoreSamplesAreAskedFor) {
  BuildSettings larger = settings();
  larger.data.samples = 14;
  build(larger);
  const auto expected = contents(folder_ / "out");
  fs::remove_all(folder_ / "out");
  build(settings());
  build(larger);
  EXPECT_EQ(contents(folder_ / "out"), expected);
  EXPECT_THAT(building(settings()), HasSubstr("shard-000004.h5: is beyond the 4 shards"));
}

TEST_F(Build, PassesTakeThePhotographsAgainWithOtherCropsAndDegradations) {
  build(settings());
  BuildSettings twice = settings();
  twice.data.passes = 2;
  twice.data.out = folder_ / "twice";
  build(twice);
  const ShardSet once(folder_ / "out");
  const ShardSet set(folder_ / "twice");
  ASSERT_EQ(set.size(), 22U);
  const auto bytes_of = [](const ShardSet& shards, std::uint64_t index, const char* name) {
    std::string bytes(shards.find(name)->bytes, '\0');
    EXPECT_TRUE(shards.read(index, name, bytes.data()));
    return bytes;
  };
  const auto record_of = [&](std::uint64_t index) {
    return nlohmann::json::parse(set.read_text(index, kSourceField).value());
  };
  for (std::uint64_t i = 0; i < 11; ++i) {
    for (const char* name : {"hr", "lr", "coverage", "coverage_hr", "z_hr", "z_lr"}) {
      EXPECT_TRUE(bytes_of(set, i, name) == bytes_of(once, i, name)) << name << " of sample " << i;
    }
    EXPECT_EQ(set.read_text(i, kSourceField), once.read_text(i, kSourceField));
    EXPECT_EQ(record_of(i).at("image"), record_of(i + 11).at("image")) << i;
    EXPECT_NE(record_of(i).at("degradation"), record_of(i + 11).at("degradation")) << i;
    EXPECT_FALSE(bytes_of(set, i, "hr") == bytes_of(set, i + 11, "hr")) << i;
  }
  EXPECT_THAT(lines_.str(), HasSubstr("22 pairs in 8 shards"));

  // More passes are added; another number of pairs in each would move those that are there.
  BuildSettings thrice = twice;
  thrice.data.passes = 3;
  build(thrice);
  const auto grown = contents(folder_ / "twice");
  fs::remove_all(folder_ / "twice");
  build(thrice);
  EXPECT_EQ(contents(folder_ / "twice"), grown);
  thrice.data.samples = 12;
  EXPECT_THAT(building(thrice), HasSubstr("data.samples is 11 there and 12 now"));
  BuildSettings later = settings();
  later.data.passes = 2;
  EXPECT_THAT(building(later), HasSubstr("data.samples is not set there and 11 now"));
}

TEST_F(Build, RefusesAFolderMadeOtherwise) {
  build(settings());
  BuildSettings other = settings();
  other.data.seed = 6;
  EXPECT_THAT(building(other), AllOf(HasSubstr("shard-000000.h5"), HasSubstr("data.seed is 5 there and 6 now")));
  write_drawn_photographs(folder_ / "photos", 5);
  EXPECT_THAT(building(settings()), HasSubstr("photographs is "));
}

TEST_F(Build, WorksWithoutLatentsAndWithRescaling) {
  BuildSettings plain = settings();
  plain.data.latents = false;
  plain.data.coverage_hr = false;
  plain.data.rescale_gt = true;
  plain.data.use_rot = true;
  build(plain);
  const ShardSet set(folder_ / "out");
  EXPECT_EQ(set.find("z_hr"), nullptr);
  EXPECT_EQ(set.find("coverage_hr"), nullptr);
  EXPECT_EQ(set.find("hr")->shape, (std::vector<std::int64_t>{64, 64, 3}));
  const nlohmann::json source = read_stored_record(set.shards()[0], kSourceField, 0).value();
  EXPECT_GE(source.at("crop").at(2).get<int>(), 96);
}

TEST_F(Build, NamesAndCountsWhatItCannotUse) {
  for (const char* name : {"truncated.jpg", "text.png", "empty.jpg", "grey16.png", "cmyk.jpg", "rgba.png"}) {
    fs::copy_file(fs::path(SAMSR_TEST_IMAGES) / name, folder_ / ("photos/" + std::string(name)));
  }
  BuildSettings tiny = settings();
  tiny.data.min_size = 30;
  build(tiny);
  for (const char* name : {"truncated.jpg", "text.png", "empty.jpg", "grey16.png", "cmyk.jpg", "rgba.png"}) {
    EXPECT_THAT(lines_.str(), HasSubstr(name));
  }
  EXPECT_THAT(lines_.str(), HasSubstr("4 photographs used; left out: 3 too small, 3 unreadable"));
}

TEST_F(Build, CountsConvertedPhotographsAndContinuesSmallOnes) {
  fs::remove_all(folder_ / "photos");
  fs::create_directories(folder_ / "photos");
  for (const char* name : {"grey16.png", "cmyk.jpg", "rgba.png", "grey.jpg"}) {
    fs::copy_file(fs::path(SAMSR_TEST_IMAGES) / name, folder_ / ("photos/" + std::string(name)));
  }
  BuildSettings tiny = settings();
  tiny.data.min_size = 1;
  EXPECT_THAT(building(tiny), HasSubstr("4 too small: 80 pixels are needed"));
  tiny.data.small_photographs = "reflect";
  build(tiny);
  EXPECT_THAT(lines_.str(), HasSubstr("4 photographs used, 1 16-bit, 1 CMYK, 1 alpha, 2 grey"));
  EXPECT_THAT(lines_.str(), HasSubstr("4 photographs are smaller than the 80 pixels that are cut and are continued by "
                                      "reflection (data.small_photographs=reflect): cmyk.jpg"));
  EXPECT_EQ(ShardSet(folder_ / "out").size(), 11U);
}

TEST_F(Build, SmallPhotographsLeaveTheSamplesOfLargeOnesAsTheyAre) {
  build(settings());
  const auto samples = [&] {
    const ShardSet set(folder_ / "out");
    std::string bytes(set.find("hr")->bytes, '\0');
    set.read(0, "hr", bytes.data());
    return set.shards()[0].header().content + bytes;
  };
  const std::string before = samples();
  fs::remove_all(folder_ / "out");
  write_png(folder_ / "photos/small.png", cv::Mat(79, 200, CV_8UC3, cv::Scalar(1, 2, 3)));
  write_png(folder_ / "photos/thin.png", cv::Mat(500, 12, CV_8UC3, cv::Scalar(1, 2, 3)));
  BuildSettings same = settings();
  same.data.min_size = 1;
  same.data.small_photographs = "leave_out";
  build(same);
  EXPECT_THAT(lines_.str(),
              AllOf(HasSubstr("small.png: 200×79 pixels"), HasSubstr("thin.png"), HasSubstr("2 too small")));
  const auto without_min_size = [](std::string text) {
    const std::size_t at = text.find("data.min_size");
    return text.erase(at, text.find('\n', at) - at);
  };
  EXPECT_EQ(without_min_size(samples()), without_min_size(before));
}

TEST_F(Build, SaysWhenNothingCanBeUsed) {
  BuildSettings large = settings();
  large.data.min_size = 1000;
  EXPECT_THAT(building(large), AllOf(HasSubstr("photos"), HasSubstr("4 too small")));
  BuildSettings nowhere = settings();
  nowhere.data.images = (folder_ / "absent").string();
  EXPECT_THAT(building(nowhere), HasSubstr("no such folder"));
  BuildSettings unset = settings();
  unset.data.out = "";
  EXPECT_THAT(building(unset), HasSubstr("data.out"));
  BuildSettings odd = settings();
  odd.data.gt_size = 66;
  EXPECT_THAT(building(odd), HasSubstr("multiples of data.scale=4"));
  BuildSettings no_photographs = settings();
  no_photographs.data.images = "";
  EXPECT_THAT(building(no_photographs), HasSubstr("data.images"));
}

TEST_F(Build, VerifyPassesAWholeDataSet) {
  build(settings());
  EXPECT_EQ(verifying(), "no error");
  EXPECT_THAT(lines_.str(), HasSubstr("all 77 checksums of 11 samples in 4 shards fit"));
}

TEST_F(Build, VerifyNamesEveryFault) {
  build(settings());
  const fs::path out = folder_ / "out";
  testing::flip_byte(out / "shard-000000.h5", "lr", 2);
  const std::string whole = read_file(out / "shard-000001.h5");
  write_file_atomically(out / "shard-000001.h5", whole.substr(0, whole.size() / 2));
  fs::rename(out / "shard-000002.h5", out / "shard-000009.h5");
  EXPECT_THAT(verifying(), HasSubstr("4 faults"));
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr("shard-000000.h5: sample 2 field lr"),
                                  HasSubstr("shard-000001.h5: damaged"), HasSubstr("shard-000002.h5: missing"),
                                  HasSubstr("shard-000009.h5: not in the manifest"), Not(HasSubstr("shard-000003"))));
}

TEST_F(Build, VerifyAndInspectTakeAnUnfinishedDataSet) {
  build(settings());
  fs::remove(folder_ / "out/manifest.json");
  fs::remove(folder_ / "out/shard-000002.h5");
  EXPECT_THAT(verifying(), HasSubstr("the 3 shards that are there are sound"));
  EXPECT_THAT(lines_.str(), HasSubstr("manifest.json: missing, the build has not finished"));
  testing::flip_byte(folder_ / "out/shard-000001.h5", "z_hr", 1);
  EXPECT_THAT(verifying(), HasSubstr("2 faults"));
  EXPECT_THAT(lines_.str(), HasSubstr("shard-000001.h5: sample 1 field z_hr"));
  std::ostringstream out;
  inspect(folder_ / "out", {}, out);
  EXPECT_THAT(out.str(), AllOf(HasSubstr("the build has not finished"), HasSubstr("8 samples in 3 shards")));
}

TEST_F(Build, InspectPrintsAndDraws) {
  build(settings());
  std::ostringstream out;
  inspect(folder_ / "out", {.count = 3, .config = true, .sheet = folder_ / "sheet.png"}, out);
  EXPECT_THAT(out.str(),
              AllOf(HasSubstr("11 samples in 4 shards"), HasSubstr("samsr-shard/1"), HasSubstr("(3, 64, 64, 3)"),
                    HasSubstr("float16"), HasSubstr("coverage:"), HasSubstr("\"image\": \"photo"),
                    HasSubstr("gt_size: 64"), HasSubstr("stages:  pairs  masks  latents\n")));
  EXPECT_GT(fs::file_size(folder_ / "sheet.png"), 3U * 64 * 64);
  std::ostringstream one;
  inspect(folder_ / "out/shard-000003.h5", {}, one);
  EXPECT_THAT(one.str(), HasSubstr("2 samples from number 9"));
  EXPECT_THAT(error_of([&] { inspect(folder_ / "absent", {}, one); }), HasSubstr("absent"));
  EXPECT_THAT(error_of([&] { inspect(folder_ / "photos/photo0.png", {}, one); }), HasSubstr("not a shard"));
}

}  // namespace
}  // namespace samsr
