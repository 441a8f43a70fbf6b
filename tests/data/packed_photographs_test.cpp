// Data sets of photographs in archives, in lists, and of several sources.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <sstream>

#include "core/atomic_file.h"
#include "core/checksum.h"
#include "data/archive_fixtures.h"
#include "data/build/build.h"
#include "data/build/recorded_settings.h"
#include "data/build_fixtures.h"
#include "data/photographs/cache.h"
#include "data/photographs/check.h"
#include "data/photographs/scan.h"
#include "data/photographs/split.h"
#include "data/shards/manifest.h"
#include "data/shards/shard_set.h"
#include "data/tools/regenerate.h"
#include "data/tools/stored_sample.h"
#include "support/files.h"
#include "support/photographs.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::ArchiveForm;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;

class PackedPhotographs : public ::testing::Test {
 protected:
  PackedPhotographs() {
    testing::write_drawn_photographs(folder_ / "photos/a", 2);
    testing::write_drawn_photographs(folder_ / "photos/b/c", 3);
    testing::write_drawn_photographs(folder_ / "faces", 1);
    testing::write_archive(folder_ / "photos.tar", ArchiveForm::kGnuTar, testing::entries_of(folder_ / "photos"));
    testing::write_archive(folder_ / "photos.zip", ArchiveForm::kDeflatedZip, testing::entries_of(folder_ / "photos"));
  }
  std::unique_ptr<PhotographIndex> scan(const PhotographSources& sources) {
    fs::create_directories(folder_ / "scan");
    lines_.str("");
    Log log(lines_, 0, 1, false);
    return index_photographs(sources, {64, 1}, {}, folder_ / "scan", *comm_, log);
  }
  fs::path build(const PhotographSources& sources, const std::string& out) {
    lines_.str("");
    Log log(lines_, 0, 1, false);
    BuildSettings settings = testing::small_build("", folder_ / out);
    settings.data.images = sources;
    build_dataset(settings, testing::kUsualStages, "config\n", *comm_, log);
    return folder_ / out;
  }
  void regenerate(const fs::path& shards, std::uint64_t index, const PhotographSources& images = {}) {
    lines_.str("");
    Log log(lines_, 0, 1, false);
    BuildSettings settings;
    Settings registry;
    settings.bind(registry);
    load_recorded_settings(Shard(shards / shard_name(0)), registry);
    settings.data.images = images;
    RegenerateRequest request;
    request.folder = shards;
    request.range = {index, 1};
    samsr::regenerate(request, settings, testing::kUsualStages, *comm_, log);
  }
  /// hr and lr of all samples.
  static std::string pictures_of(const fs::path& shards) {
    std::string bytes;
    const ShardSet set(shards);
    for (std::uint64_t i = 0; i < set.size(); ++i) {
      for (const char* field : {"hr", "lr"}) {
        std::string each(set.find(field)->bytes, '\0');
        EXPECT_TRUE(set.read(i, field, each.data()));
        bytes += each;
      }
    }
    return bytes;
  }
  static JsonEntry record_of(const fs::path& shards, std::uint64_t index) {
    const ShardSet set(shards);
    const ShardSet::Place place = set.place(index);
    return read_stored_record(place.shard, kSourceField, place.sample);
  }

  testing::TemporaryFolder folder_;
  std::ostringstream lines_;
  std::unique_ptr<Communicator> comm_ = make_single_communicator();
};

TEST_F(PackedPhotographs, MakeThePairsOfTheUnpackedFolder) {
  const std::string unpacked = pictures_of(build(folder_ / "photos", "of_folder"));
  for (const std::string archive : {"photos.tar", "photos.zip"}) {
    const fs::path shards = build(folder_ / archive, "of_" + archive);
    EXPECT_EQ(pictures_of(shards), unpacked) << archive;
    EXPECT_THAT(photograph_of(record_of(shards, 0)), ::testing::StartsWith(archive + "/"));
    EXPECT_FALSE(record_of(shards, 0).has("source"));
  }
}

TEST_F(PackedPhotographs, AnArchiveThatStaysIsNotOpenedAgain) {
  EXPECT_EQ(scan(folder_ / "photos.tar")->size(), 5U);
  EXPECT_THAT(lines_.str(), AllOf(HasSubstr("listing archives"), HasSubstr("reading photographs")));
  const std::string index = read_file(folder_ / "scan/photographs.index");
  EXPECT_EQ(scan(folder_ / "photos.tar")->size(), 5U);
  EXPECT_THAT(lines_.str(), AllOf(Not(HasSubstr("listing archives")), Not(HasSubstr("reading photographs"))));
  EXPECT_EQ(read_file(folder_ / "scan/photographs.index"), index);
  EXPECT_FALSE(fs::exists(folder_ / "scan/photographs.scan"));
  auto entries = testing::entries_of(folder_ / "photos");
  entries.pop_back();
  testing::write_archive(folder_ / "photos.tar", ArchiveForm::kGnuTar, entries);
  EXPECT_EQ(scan(folder_ / "photos.tar")->size(), 4U);
}

TEST_F(PackedPhotographs, AnArchiveThatChangesDuringABuildIsFound) {
  const auto index = scan(folder_ / "photos.tar");
  PhotographCache cache(folder_ / "photos.tar", 1);
  EXPECT_EQ(cache.load(index->at(0)).channels(), 3);
  testing::flip_byte(folder_ / "photos.tar", index->at(1).offset + 100);
  EXPECT_THAT(error_of([&] { cache.load(index->at(1)); }), AllOf(HasSubstr("photos.tar/a/"), HasSubstr("has changed")));
  fs::resize_file(folder_ / "photos.tar", 2000);
  EXPECT_THAT(error_of([&] { cache.load(index->at(4)); }), HasSubstr("shorter than when it was listed"));
}

TEST_F(PackedPhotographs, PairsAreRegeneratedFromTheirArchive) {
  // An archive of archives, as ImageNet's.
  testing::write_archive(folder_ / "parts/a.tar", ArchiveForm::kGnuTar, testing::entries_of(folder_ / "photos/a"));
  testing::write_archive(folder_ / "parts/b.zip", ArchiveForm::kDeflatedZip, testing::entries_of(folder_ / "photos/b"));
  testing::write_archive(folder_ / "train.tar", ArchiveForm::kUstar, testing::entries_of(folder_ / "parts"));
  for (const std::string source : {"train.tar", "parts", "photos.zip"}) {
    const fs::path shards = build(folder_ / source, "shards_" + source);
    for (const std::uint64_t index : {0U, 4U, 9U, 10U}) {
      regenerate(shards, index);
      EXPECT_THAT(lines_.str(), HasSubstr("identical")) << source;
    }
    fs::rename(folder_ / source, folder_ / ("moved_" + source));
    EXPECT_THAT(error_of([&] { regenerate(shards, 3); }), HasSubstr("no such folder or file"));
    regenerate(shards, 3, folder_ / ("moved_" + source));
    EXPECT_THAT(lines_.str(), HasSubstr("identical")) << source;
  }
  EXPECT_THAT(error_of([&] { regenerate(folder_ / "shards_train.tar", 3, folder_ / "photos.tar"); }),
              HasSubstr("holds no picture"));
}

TEST_F(PackedPhotographs, RegeneratingReadsWhereTheIndexSaysAndListsAnArchiveOnlyWhereThatIsWrong) {
  const fs::path tar = folder_ / "photos.tar";
  const fs::path shards = build(tar, "shards");
  // The header of the first member no longer adds up, so that the archive cannot be listed.
  std::string bytes = read_file(tar);
  bytes[0] ^= 1;
  testing::write_text(tar, bytes);
  regenerate(shards, 3);
  EXPECT_THAT(lines_.str(), HasSubstr("identical"));
  fs::rename(shards / "photographs.index", folder_ / "index");
  EXPECT_THAT(error_of([&] { regenerate(shards, 3, tar); }), HasSubstr("not a whole .tar or .zip"));
  // The same pictures elsewhere in the archive.
  fs::rename(folder_ / "index", shards / "photographs.index");
  auto entries = testing::entries_of(folder_ / "photos");
  std::reverse(entries.begin(), entries.end());
  testing::write_archive(tar, ArchiveForm::kGnuTar, entries);
  for (const std::uint64_t index : {0U, 3U, 4U}) {
    regenerate(shards, index);
    EXPECT_THAT(lines_.str(), HasSubstr("identical"));
  }
}

TEST_F(PackedPhotographs, AListIsASource) {
  testing::write_text(folder_ / "list.txt", "photos/a/photo0.png\nfaces/photo0.png\nphotos/missing.png\n" +
                                                (folder_ / "photos/a/photo1.png").string());
  const fs::path shards = build(folder_ / "list.txt", "shards");
  EXPECT_THAT(lines_.str(),
              AllOf(HasSubstr("3 photographs used"), HasSubstr("1 unreadable"), HasSubstr("missing.png")));
  regenerate(shards, 5);
  EXPECT_THAT(lines_.str(), HasSubstr("identical"));
  testing::write_text(folder_ / "list.txt", "photos/b/c/photo0.png\n");
  EXPECT_THAT(error_of([&] { regenerate(shards, 5); }), HasSubstr("is not in"));
}

TEST_F(PackedPhotographs, SeveralSourcesShareTheSamplesByTheirWeights) {
  const PhotographSources plain{std::vector<PhotographSource>{{folder_ / "photos.tar"}, {folder_ / "faces"}}};
  const PhotographSources weighted{std::vector<PhotographSource>{{folder_ / "photos.tar", 1}, {folder_ / "faces", 3}}};
  const auto from_second = [&](const fs::path& shards) {
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < 11; ++i) {
      count += source_of_photograph(record_of(shards, i)).value();
    }
    return count;
  };
  const fs::path by_number = build(plain, "plain");
  EXPECT_THAT(lines_.str(), HasSubstr("6 photographs used"));
  EXPECT_NEAR(static_cast<double>(from_second(by_number)), 11.0 / 6, 1);
  const fs::path by_weight = build(weighted, "weighted");
  EXPECT_NEAR(static_cast<double>(from_second(by_weight)), 11 * 0.75, 1);
  for (const std::uint64_t index : {0U, 1U, 2U, 3U}) {
    regenerate(by_weight, index);
    EXPECT_THAT(lines_.str(), HasSubstr("identical"));
  }
  EXPECT_EQ(source_of_photograph(record_of(by_weight, 1)), 1U);
  EXPECT_THAT(error_of([&] { regenerate(by_weight, 1, folder_ / "photos.tar"); }), HasSubstr("data.images has 1"));
  // Other weights are another data set.
  const PhotographSources others{std::vector<PhotographSource>{{folder_ / "photos.tar", 1}, {folder_ / "faces", 2}}};
  EXPECT_THAT(error_of([&] { build(others, "weighted"); }), HasSubstr("photograph_weights"));
  // A source without a photograph is said, whatever the others hold.
  fs::create_directories(folder_ / "empty");
  EXPECT_THAT(error_of([&] {
                build(std::vector<PhotographSource>{{folder_ / "photos"}, {folder_ / "empty"}}, "x");
              }),
              AllOf(HasSubstr("empty: none of its image files"), HasSubstr("check data.images")));
}

TEST_F(PackedPhotographs, ATornArchiveIsRefusedBeforeAnythingIsRead) {
  fs::resize_file(folder_ / "photos.tar", 3000);
  EXPECT_THAT(error_of([&] { build(folder_ / "photos.tar", "x"); }), HasSubstr("photos.tar: not a whole .tar or .zip"));
  EXPECT_THAT(lines_.str(), Not(HasSubstr("reading photographs")));
}

TEST_F(PackedPhotographs, AnIndexOfOneFolderOfBeforeIsRead) {
  const auto now = scan(folder_ / "photos");
  const Photograph second = now->at(1);
  // The layout samsr-photographs/1: 16 bytes a record, and the folder in the summary.
  const std::string summary =
      R"({"folder":"/p","state":"00000000","min_size":64,"crop_size":1,"files":1,"usable":1,"too_small":0,)"
      R"("below_crop":0,"unreadable":0,"converted":{},"fingerprint":"12345678","problems":[],"small":[]})";
  std::string file("samsr-photographs/1");
  file.resize(24);
  const auto put = [&](auto value) { file.append(reinterpret_cast<const char*>(&value), sizeof value); };
  const std::uint64_t paths = 48 + 16;
  put(paths + second.path.size());
  put(std::uint64_t{summary.size()});
  put(crc32c(summary.data(), summary.size()));
  put(std::uint32_t{0});
  put(paths);
  put(static_cast<std::uint32_t>(second.path.size()));
  put(second.checksum);
  file += second.path + summary;
  testing::write_text(folder_ / "old.index", file);
  const PhotographIndex old(folder_ / "old.index");
  EXPECT_EQ(old.summary().sources, PhotographSources("/p"));
  ASSERT_EQ(old.size(), 1U);
  EXPECT_EQ(old.at(0).path, second.path);
  EXPECT_EQ(old.at(0).checksum, second.checksum);
  PhotographCache cache(folder_ / "photos", 1);
  EXPECT_FALSE(cache.load(old.at(0)).empty());
}

TEST_F(PackedPhotographs, CheckLooksIntoArchivesAndSplitRefusesThem) {
  Log log(lines_, 0, 1, false);
  CheckOptions options;
  options.gt_size = 64;
  options.sheet = folder_ / "sheet.png";
  std::ostringstream of_folder;
  check_photographs(folder_ / "photos", options, *comm_, log, of_folder);
  std::ostringstream of_archive;
  check_photographs(folder_ / "photos.zip", options, *comm_, log, of_archive);
  EXPECT_THAT(of_archive.str(), HasSubstr("photos.zip: 5 files: 5 usable for data.gt_size=64"));
  EXPECT_TRUE(fs::exists(folder_ / "sheet.png"));
  const auto figures = [](const std::string& text) {
    return text.substr(text.find("formats"), text.find("duplicates") - text.find("formats"));
  };
  EXPECT_EQ(figures(of_archive.str()), figures(of_folder.str()));
  EXPECT_THAT(error_of([&] { split_photographs(folder_ / "photos.tar", folder_ / "out", 2, log); }),
              AllOf(HasSubstr("photos.tar: is a file"), HasSubstr("unpack")));
}

}  // namespace
}  // namespace samsr
