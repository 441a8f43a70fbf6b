#include "data/images/image_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::TemporaryFolder;

std::vector<std::string> walked(const fs::path& folder) {
  std::vector<std::string> paths;
  walk_images(folder, [&](const std::string& path) { paths.push_back(path); });
  return paths;
}

void write_all(const TemporaryFolder& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    testing::write_text(folder / name, "x");
  }
}

TEST(ImageWalk, GoesInTheOrderOfThePathsParts) {
  const TemporaryFolder folder;
  write_all(folder, {"b/c/2.png", "b/1.png", "a.jpg", "b.png", ".cache/x.png", "b/.y.png", "b/notes.txt"});
  fs::create_directory_symlink(folder.path(), folder / "b/loop");
  fs::create_symlink(folder / "a.jpg", folder / "b/link.jpg");
  fs::create_symlink("nowhere.png", folder / "b/torn.png");
  EXPECT_THAT(walked(folder.path()), ElementsAre("a.jpg", "b/1.png", "b/c/2.png", "b/link.jpg", "b/torn.png", "b.png"));
}

TEST(ImageWalk, FollowsLinksToFoldersButNotInCircles) {
  const TemporaryFolder folder;
  write_all(folder, {"in/a.png", "elsewhere/deep/b.png"});
  fs::create_directory_symlink(folder / "elsewhere", folder / "in/linked");
  fs::create_directory_symlink("..", folder / "elsewhere/deep/up");
  fs::create_directory_symlink(folder / "in", folder / "elsewhere/back");
  fs::create_symlink("self.png", folder / "in/self.png");
  EXPECT_THAT(walked(folder / "in"), ElementsAre("a.png", "linked/deep/b.png", "self.png"));
  fs::create_directory_symlink(folder / "in", folder / "root");
  EXPECT_THAT(walked(folder / "root"), ElementsAre("a.png", "linked/deep/b.png", "self.png"));
}

TEST(ImageWalk, PassesOverWhatSystemsAndProgramsLeave) {
  const TemporaryFolder folder;
  write_all(folder, {"a.png", "._a.png", ".ipynb_checkpoints/a-checkpoint.png", ".cache/b.png", "__MACOSX/._a.png",
                     "__MACOSX/c.png", "@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg", "#recycle/d.jpg", "lost+found/e.png",
                     "$RECYCLE.BIN/f.jpg", "Thumbs.db", "desktop.ini", "sub/.DS_Store"});
  std::vector<std::string> others;
  walk_files(folder.path(), [&](const std::string& path, WalkedFile) { others.push_back(path); });
  EXPECT_THAT(others, ElementsAre("a.png"));
}

TEST(ImageWalk, AFolderThatCannotBeReadIsPassedOverWhereTheCallerIsTold) {
  const TemporaryFolder folder;
  write_all(folder, {"a.png", "b/closed/x.png", "b/y.png", "c.png"});
  fs::permissions(folder.path(), fs::perms::all);
  fs::permissions(folder / "b/closed", fs::perms::none);
  const uid_t user = ::geteuid();
  constexpr uid_t kNobody = 65534;
  ASSERT_TRUE(user != 0 || ::seteuid(kNobody) == 0);  // root may read everything
  std::vector<std::string> read;
  std::vector<std::string> unreadable;
  const std::string refused = testing::error_of([&] { walked(folder.path()); });
  walk_images(
      folder.path(), [&](const std::string& path) { read.push_back(path); },
      [&](const std::string& why) { unreadable.push_back(why); });
  const std::string root = testing::error_of([&] {
    walk_images(
        folder / "b/closed", [](const std::string&) {}, [](const std::string&) {});
  });
  ASSERT_EQ(::seteuid(user), 0);
  fs::permissions(folder / "b/closed", fs::perms::owner_all);
  const std::string why = (folder / "b/closed").string() + "/: cannot be read: Permission denied";
  EXPECT_EQ(refused, why);
  EXPECT_THAT(unreadable, ElementsAre(why));
  EXPECT_THAT(read, ElementsAre("a.png", "b/y.png", "c.png"));
  EXPECT_THAT(root, ::testing::HasSubstr("closed: cannot be read: Permission denied"));
}

TEST(ImageWalk, KnowsEveryNameOfAFormat) {
  const TemporaryFolder folder;
  const std::vector<std::string> names{"a.BMP", "b.dib", "c.jfif", "d.jpe", "e.JPEG", "f.jpg",  "g.pam", "h.pbm",
                                       "i.pgm", "j.png", "k.pnm",  "l.ppm", "m.TiF",  "n.tiff", "o.webp"};
  write_all(folder, names);
  EXPECT_EQ(walked(folder.path()), names);
}

TEST(ImageWalk, CountsAndNamesPicturesThatItDoesNotRead) {
  const TemporaryFolder folder;
  write_all(folder, {"a.jpg", "sub/x.heic", "y.HEIC", "z.gif", "notes.pdf", "readme", "raw.CR2"});
  ASSERT_EQ(::mkfifo((folder / "pipe.png").c_str(), 0600), 0);
  std::vector<std::string> read;
  const LeftOutPictures left_out = walk_images(folder.path(), [&](const std::string& path) { read.push_back(path); });
  EXPECT_THAT(read, ElementsAre("a.jpg"));
  EXPECT_EQ(
      left_out.text(),
      "5 files are left out: 2 .heic (first: sub/x.heic), 1 .cr2 (first: raw.CR2), 1 .gif (first: z.gif), 1 named "
      "pipe, socket or device (first: pipe.png): samsr does not read them; convert them to PNG");
  EXPECT_EQ(walk_images(folder / "sub", [](const std::string&) {}).text(),
            "1 file is left out: 1 .heic (first: x.heic): samsr does not read them; convert them to PNG");
  fs::create_directories(folder / "none");
  EXPECT_EQ(walk_images(folder / "none", [](const std::string&) {}).text(), "");
}

}  // namespace
}  // namespace samsr
