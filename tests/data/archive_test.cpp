#include "data/photographs/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/archive_fixtures.h"
#include "data/photographs/listing.h"
#include "data/photographs/reader.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using testing::ArchiveEntry;
using testing::ArchiveForm;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TemporaryFolder;

struct Listed {
  std::vector<ArchiveMember> members;
  std::vector<std::string> names;
  std::string left_out;
};

Listed list_file(const fs::path& path) {
  const RandomAccessFile file(path, RandomAccessFile::Access::kRead);
  LeftOutPictures left_out;
  Listed listed;
  listed.members =
      members_of({.file = &file, .size = file.size(), .name = path.string()}, left_out, [](std::uint64_t) {});
  for (const ArchiveMember& member : listed.members) {
    listed.names.push_back(member.name);
  }
  listed.left_out = left_out.text();
  return listed;
}

std::string member_bytes(const fs::path& path, const ArchiveMember& member) {
  const RandomAccessFile file(path, RandomAccessFile::Access::kRead);
  return read_member(file, member, "member");
}

/// Photographs of a folder, archives looked into: their paths.
std::vector<std::string> paths_of(const fs::path& source, ListingRemarks* remarks = nullptr) {
  std::ostringstream lines;
  Log log(lines, 0, 1, false);
  ListingRemarks ignored;
  std::vector<std::string> paths;
  const PackedPlaces places = photographs_of(source.string(), remarks == nullptr ? ignored : *remarks, log);
  for (std::uint64_t i = 0; i < places.size(); ++i) {
    paths.push_back(places.at(i).path);
  }
  return paths;
}

std::string bytes_like_a_picture(std::size_t size, char seed) {
  std::string bytes(size, seed);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<char>(bytes[i] + static_cast<char>(i * i % 7));
  }
  return bytes;
}

class ArchiveForms : public ::testing::TestWithParam<ArchiveForm> {};

TEST_P(ArchiveForms, MembersAreReadWhereTheyLie) {
  const TemporaryFolder folder;
  const bool zip = GetParam() >= ArchiveForm::kStoredZip;
  const fs::path path = folder / (zip ? "a.zip" : "a.tar");
  const std::vector<ArchiveEntry> entries{{"b/2.png", bytes_like_a_picture(70'000, 'x')},
                                          {"b.txt", "no picture"},
                                          {"b/1.JPG", bytes_like_a_picture(3, 'y')},
                                          {"a.webp", bytes_like_a_picture(100'000, 'z')},
                                          {"empty.png", ""}};
  testing::write_archive(path, GetParam(), entries);
  const Listed listed = list_file(path);
  EXPECT_THAT(listed.names, ElementsAre("a.webp", "b/1.JPG", "b/2.png", "empty.png"));
  EXPECT_EQ(listed.left_out, "");
  EXPECT_EQ(member_bytes(path, listed.members[0]), entries[3].bytes);
  EXPECT_EQ(member_bytes(path, listed.members[1]), entries[2].bytes);
  EXPECT_EQ(member_bytes(path, listed.members[2]), entries[0].bytes);
  EXPECT_EQ(member_bytes(path, listed.members[3]), "");
  EXPECT_EQ(listed.members[0].deflated, GetParam() == ArchiveForm::kDeflatedZip);
}

INSTANTIATE_TEST_SUITE_P(All, ArchiveForms,
                         ::testing::Values(ArchiveForm::kGnuTar, ArchiveForm::kPaxTar, ArchiveForm::kUstar,
                                           ArchiveForm::kStoredZip, ArchiveForm::kDeflatedZip));

TEST(Archive, NamesAreMadePlainOrLeftOut) {
  const TemporaryFolder folder;
  const std::string long_name = std::string(120, 'l') + "/" + std::string(120, 'm') + ".png";
  for (const ArchiveForm form : {ArchiveForm::kGnuTar, ArchiveForm::kPaxTar, ArchiveForm::kStoredZip}) {
    const fs::path path = folder / (form == ArchiveForm::kStoredZip ? "a.zip" : "a.tar");
    testing::write_archive(path, form,
                           {{"./a.png", "1"},
                            {"b//c.png", "2"},
                            {"/absolute.png", "3"},
                            {"../up.png", "4"},
                            {"x/../../y.png", "5"},
                            {"caf\xc3\xa9.png", "6"},
                            {"\xff\xfe.png", "7"},
                            {".hidden.png", "8"},
                            {"__MACOSX/a.png", "9"},
                            {long_name, "10"},
                            {"same.png", "first"},
                            {"same.png", "last"},
                            {"raw.heic", "11"},
                            {"link.png", "", "a.png"},
                            {"data.tar.gz", "12"}});
    const Listed listed = list_file(path);
    EXPECT_THAT(listed.names,
                ElementsAre("a.png", "b/c.png", "caf\xc3\xa9.png", long_name, "same.png", "\xff\xfe.png"));
    EXPECT_EQ(member_bytes(path, listed.members[4]), "last");
    EXPECT_THAT(listed.left_out,
                AllOf(HasSubstr("1 .heic"), HasSubstr("3 with a name that leads out of the archive (first: "),
                      HasSubstr("1 replaced by a later one of its name"), HasSubstr("1 link"),
                      HasSubstr("1 archive that is compressed as a whole"), Not(HasSubstr("hidden"))));
  }
}

TEST(Archive, WhatIsTornOrNoneIsRefusedInOneLine) {
  const TemporaryFolder folder;
  for (const ArchiveForm form : {ArchiveForm::kPaxTar, ArchiveForm::kStoredZip, ArchiveForm::kDeflatedZip}) {
    const fs::path path = folder / "whole";
    testing::write_archive(
        path, form, {{"a.png", bytes_like_a_picture(20'000, 'a')}, {"b.png", bytes_like_a_picture(30'000, 'b')}});
    const std::string whole = read_file(path);
    const std::size_t end = form == ArchiveForm::kPaxTar ? 51'000 : whole.size() - 1;  // a tar ends in empty blocks
    for (const std::size_t size : {std::size_t{1}, std::size_t{600}, std::size_t{21'000}, end}) {
      if (size >= whole.size()) {
        continue;
      }
      testing::write_text(folder / "torn.tar", whole.substr(0, size));
      const std::string error = error_of([&] { list_file(folder / "torn.tar"); });
      EXPECT_THAT(error, AllOf(HasSubstr("torn.tar: not a whole .tar or .zip archive"), HasSubstr("fetch it again"),
                               Not(HasSubstr("\n"))))
          << size;
    }
  }
  testing::write_text(folder / "text.tar", std::string(5000, 'x'));
  EXPECT_THAT(error_of([&] { list_file(folder / "text.tar"); }), HasSubstr("text.tar: not a whole"));
}

TEST(Archive, EncryptedMembersAreCountedAndLeftOut) {
  const TemporaryFolder folder;
  testing::write_archive(folder / "a.zip", ArchiveForm::kEncryptedZip, {{"a.png", "1"}, {"b.png", "2"}});
  EXPECT_THAT(list_file(folder / "a.zip").left_out, HasSubstr("2 encrypted (first: "));
  EXPECT_THAT(error_of([&] { paths_of(folder / "a.zip"); }),
              AllOf(HasSubstr("a.zip: holds no images"), HasSubstr("2 encrypted")));
}

/// `bytes` with `value` at `offset`, little-endian.
std::string patched(std::string bytes, std::size_t offset, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) {
    bytes.at(offset + i) = static_cast<char>(value >> (8 * i));
  }
  return bytes;
}

TEST(Archive, SizesThatAreClaimedTakeNoMemory) {
  const TemporaryFolder folder;
  testing::write_archive(folder / "a.tar", ArchiveForm::kUstar, {{"a.png", "12345"}});
  std::string tar = read_file(folder / "a.tar");
  tar.replace(124, 11, "77777777777");  // 8 GB, with the checksum of its header
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) {
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(tar[i]);
  }
  tar.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  testing::write_text(folder / "claims.tar", tar);
  EXPECT_THAT(error_of([&] { list_file(folder / "claims.tar"); }), HasSubstr("claims.tar: not a whole"));

  testing::write_archive(folder / "a.zip", ArchiveForm::kDeflatedZip, {{"a.png", std::string(5000, 'x')}});
  const std::string zip = read_file(folder / "a.zip");
  const std::size_t central = zip.find("PK\x01\x02");
  ASSERT_NE(central, std::string::npos);
  const auto claiming = [&](std::uint32_t size) {
    constexpr std::size_t kInMembersHeader = 22;
    constexpr std::size_t kInCentralDirectory = 24;
    return patched(patched(zip, kInMembersHeader, size), central + kInCentralDirectory, size);
  };
  testing::write_text(folder / "huge.zip", claiming(0x7fffffff));
  EXPECT_THAT(list_file(folder / "huge.zip").left_out, HasSubstr("1 larger than 1 GB"));
  for (const std::uint32_t lie : {500'000'000U, 4000U}) {
    testing::write_text(folder / "lies.zip", claiming(lie));
    const Listed listed = list_file(folder / "lies.zip");
    ASSERT_EQ(listed.members.size(), 1U);
    EXPECT_THAT(error_of([&] { member_bytes(folder / "lies.zip", listed.members[0]); }),
                HasSubstr("member: damaged in its archive"));
  }
}

TEST(Archive, ArchivesInArchivesAreLookedIntoWhereTheyLie) {
  const TemporaryFolder folder;
  testing::write_archive(folder / "parts/n02.tar", ArchiveForm::kGnuTar,
                         {{"n02_1.JPEG", "one"}, {"n02_2.JPEG", "two"}});
  testing::write_archive(folder / "parts/n01.tar", ArchiveForm::kUstar, {{"n01_9.JPEG", "nine"}});
  testing::write_archive(folder / "parts/extra.zip", ArchiveForm::kDeflatedZip, {{"e.png", "extra"}});
  testing::write_archive(folder / "train.tar", ArchiveForm::kGnuTar, testing::entries_of(folder / "parts"));
  EXPECT_THAT(paths_of(folder / "train.tar"),
              ElementsAre("train.tar/extra.zip/e.png", "train.tar/n01.tar/n01_9.JPEG", "train.tar/n02.tar/n02_1.JPEG",
                          "train.tar/n02.tar/n02_2.JPEG"));
  std::ostringstream lines;
  Log log(lines, 0, 1, false);
  ListingRemarks remarks;
  std::string all;
  const PackedPlaces places = photographs_of((folder / "train.tar").string(), remarks, log);
  PhotographReader reader(folder / "train.tar");
  for (std::uint64_t i = 0; i < places.size(); ++i) {
    all += reader.read(places.at(i)) + " ";
  }
  EXPECT_EQ(all, "extra nine one two ");
  // What is compressed as a whole cannot be looked into.
  testing::write_archive(folder / "packed.zip", ArchiveForm::kDeflatedZip,
                         {{"n01.tar", read_file(folder / "parts/n01.tar")}, {"a.png", "1"}});
  EXPECT_THAT(paths_of(folder / "packed.zip", &remarks), ElementsAre("packed.zip/a.png"));
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("1 compressed archive in an archive")));
  // Nor what is nested without end.
  fs::path inner = folder / "parts/n01.tar";
  for (int depth = 0; depth < kDeepestArchive; ++depth) {
    const fs::path outer = folder / fmt::format("deep{}.tar", depth);
    testing::write_archive(outer, ArchiveForm::kUstar, {{"in.tar", read_file(inner)}});
    inner = outer;
  }
  EXPECT_THAT(error_of([&] { paths_of(inner); }), HasSubstr("nested more than 4 deep"));
}

TEST(Archive, AFolderOfArchivesIsASourceAndPicturesBesideThemComeFirst) {
  const TemporaryFolder folder;
  testing::write_archive(folder / "set/00001.tar", ArchiveForm::kGnuTar, {{"b.png", "2"}, {"b.json", "{}"}});
  testing::write_archive(folder / "set/00000.tar", ArchiveForm::kGnuTar, {{"a.png", "1"}});
  EXPECT_THAT(paths_of(folder / "set"), ElementsAre("00000.tar/a.png", "00001.tar/b.png"));
  testing::write_text(folder / "set/x.png", "3");
  ListingRemarks remarks;
  EXPECT_THAT(paths_of(folder / "set", &remarks), ElementsAre("x.png"));
  EXPECT_THAT(remarks, ElementsAre(HasSubstr("2 archives beside pictures (first: 00000.tar) are not looked into")));
}

TEST(Archive, AListNamesPicturesRelativeToItsFolder) {
  const TemporaryFolder folder;
  testing::write_text(folder / "list.txt", "b.png\r\n\nsub/a b.jpg\n/else/where.png");
  EXPECT_THAT(paths_of(folder / "list.txt"), ElementsAre("b.png", "sub/a b.jpg", "/else/where.png"));
  testing::write_text(folder / "meta.txt", "b.png\n0001.png (480,480,3)\n");
  EXPECT_THAT(error_of([&] { paths_of(folder / "meta.txt"); }),
              HasSubstr("meta.txt:2: '0001.png (480,480,3)' is no picture's path"));
  testing::write_text(folder / "empty.txt", "\n");
  EXPECT_THAT(error_of([&] { paths_of(folder / "empty.txt"); }), HasSubstr("empty.txt: holds no images"));
}

TEST(Archive, OtherFilesAreRefusedWithWhatIsNeeded) {
  const TemporaryFolder folder;
  for (const char* name : {"a.tar.gz", "a.tgz", "a.7z", "a.tar.zst"}) {
    testing::write_text(folder / name, "x");
    EXPECT_THAT(error_of([&] { paths_of(folder / name); }), HasSubstr("compressed as a whole")) << name;
  }
  testing::write_text(folder / "a.png", "x");
  EXPECT_THAT(error_of([&] { paths_of(folder / "a.png"); }), HasSubstr("a.png: is a file; a folder of images, a .tar"));
  EXPECT_THAT(error_of([&] { paths_of(folder / "none.tar"); }), HasSubstr("none.tar: no such folder or file"));
}

}  // namespace
}  // namespace samsr
