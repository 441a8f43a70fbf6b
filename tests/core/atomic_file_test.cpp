#include "core/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <set>
#include <vector>

#include "core/error.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

class AtomicFile : public ::testing::Test {
 protected:
  /// How many files lie in the folder, those under a temporary name too.
  std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_.path()), {}); }

  const testing::TemporaryFolder folder_;
};

TEST_F(AtomicFile, ReplacesTheOldContentAndLeavesNothingElse) {
  write_file_atomically(folder_ / "a", "old");
  write_file_atomically(folder_ / "a", std::string(100'000, 'n'));
  EXPECT_EQ(read_file(folder_ / "a"), std::string(100'000, 'n'));
  EXPECT_EQ(files(), 1);
}

TEST_F(AtomicFile, KeepsTheOldContentWhenTheDiskIsFull) {
  write_file_atomically(folder_ / "a", "old");
  // A limit on the file's size fails the write half way, as a full disk does.
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  struct rlimit small = before;
  small.rlim_cur = 4096;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_file_atomically(folder_ / "a", std::string(100'000, 'n')), UserError);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(AtomicFile, TakesThePlaceOfNoDeviceOrPipe) {
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  fs::create_symlink("/dev/null", folder_ / "link");
  for (const fs::path& path : {folder_ / "pipe", folder_ / "link", fs::path("/dev/null"), fs::path("/dev/stdout"),
                               fs::path("/dev/stderr"), fs::path("/proc/self/fd/1")}) {
    EXPECT_THAT(testing::error_of([&] { write_file_atomically(path, "x"); }),
                ::testing::HasSubstr(path.string() + ": is a device or a pipe"));
  }
  EXPECT_TRUE(fs::is_fifo(folder_ / "pipe"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  // A link to a file is replaced, and what it leads to stays.
  write_file_atomically(folder_ / "precious", "mine");
  fs::create_symlink("precious", folder_ / "to_file");
  write_file_atomically(folder_ / "to_file", "x");
  EXPECT_EQ(read_file(folder_ / "precious"), "mine");
  EXPECT_EQ(read_file(folder_ / "to_file"), "x");
}

TEST_F(AtomicFile, CleansWhatAnInterruptedRunLeft) {
  write_file_atomically(folder_ / "kept", "x");
  write_file_atomically(temporary_name(folder_ / "torn"), "half");
  clean_temporaries(folder_.path());
  EXPECT_TRUE(fs::exists(folder_ / "kept"));
  EXPECT_EQ(files(), 1);
}

TEST_F(AtomicFile, LeavesEverythingThatItDidNotWrite) {
  const std::string ours = temporary_name(folder_ / "torn").filename().string();
  std::string damaged = ours;
  damaged.back() = damaged.back() == '0' ? '1' : '0';
  std::string of_other_name = ours;
  of_other_name[1] = 'x';
  const std::vector<std::string> foreign{".data.tmp-1",
                                         ".notes.tmp-2024/page",
                                         ".tmp-",
                                         ".a.tmp-1-",
                                         ".a.tmp--00000000",
                                         ".a.tmp-12-0000",
                                         "x" + ours,
                                         ours + "~",
                                         damaged,
                                         of_other_name,
                                         ".mine.tmp-77-deadbeef"};
  for (const std::string& name : foreign) {
    testing::write_text(folder_ / name, "mine");
  }
  fs::create_directories(folder_ / "elsewhere");
  testing::write_text(folder_ / "elsewhere/kept", "x");
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / ours);  // a link is removed, not what it leads to
  clean_temporaries(folder_.path());
  for (const std::string& name : foreign) {
    EXPECT_TRUE(fs::exists(folder_ / name)) << name;
  }
  EXPECT_FALSE(fs::exists(fs::symlink_status(folder_ / ours)));
  EXPECT_TRUE(fs::exists(folder_ / "elsewhere/kept"));
}

TEST_F(AtomicFile, LeavesWhatAnotherLivingProcessWrites) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    testing::write_text(temporary_name(folder_ / "half"), "half");
    (void)!::write(ready[1], "x", 1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  clean_temporaries(folder_.path());
  EXPECT_EQ(files(), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  clean_temporaries(folder_.path());
  EXPECT_EQ(files(), 0);
}

TEST_F(AtomicFile, OfOneFileCleansWhatRunsOfThisHostLeft) {
  const auto leave = [&](const std::string& name) {
    const pid_t child = ::fork();
    if (child == 0) {
      testing::write_text(temporary_name(folder_ / name), "half");
      ::_exit(0);
    }
    ::waitpid(child, nullptr, 0);
  };
  leave("a.png");
  leave("b.png");
  leave(std::string(200, 'a'));
  testing::write_text(temporary_name(folder_ / "a.png"), "this process may still write it");
  testing::write_text(folder_ / ".a.png.tmp-77-deadbeef", "mine");
  EXPECT_EQ(files(), 5);
  clean_temporaries_of(folder_ / "a.png");
  EXPECT_EQ(files(), 4);
  EXPECT_TRUE(fs::exists(temporary_name(folder_ / "a.png")));
  clean_temporaries_of(folder_ / std::string(200, 'a'));
  EXPECT_EQ(files(), 3);
  clean_temporaries_of(folder_ / "none/a.png");
}

TEST_F(AtomicFile, AFolderIsNoPlaceForAFile) {
  fs::create_directories(folder_ / "a");
  EXPECT_THAT(testing::error_of([&] { write_file_atomically(folder_ / "a", "x"); }),
              ::testing::HasSubstr("a: is a folder; name a file"));
  EXPECT_EQ(files(), 1);
}

TEST_F(AtomicFile, WhoMayReadItTheUserDecides) {
  const mode_t before = ::umask(0);
  for (const mode_t mask : {0002U, 0022U, 0077U, 0000U}) {
    ::umask(mask);
    write_file_atomically(folder_ / "a", "x");
    struct stat status {};
    ::stat((folder_ / "a").c_str(), &status);
    EXPECT_EQ(status.st_mode & 0777, 0666U & ~mask);
  }
  ::umask(before);
}

TEST_F(AtomicFile, WritesNamesAsLongAsTheFileSystemTakes) {
  std::string two_bytes;
  for (int i = 0; i < 127; ++i) {
    two_bytes += "é";
  }
  std::set<fs::path> temporaries;
  for (const std::string& name : {std::string(255, 'a'), std::string(254, 'a'), std::string(250, 'a') + ".safe",
                                  std::string(101, 'a'), std::string(100, 'a'), two_bytes}) {
    write_file_atomically(folder_ / name, name);
    EXPECT_EQ(read_file(folder_ / name), name);
    const std::string temporary = temporary_name(folder_ / name).filename().string();
    EXPECT_LE(temporary.size(), std::max<std::size_t>(name.size(), 143));
    EXPECT_TRUE(temporaries.insert(temporary).second) << "two files of one temporary name";
    testing::write_text(folder_ / temporary, "half");
  }
  EXPECT_EQ(files(), 12);
  clean_temporaries(folder_.path());
  EXPECT_EQ(files(), 6);
}

TEST_F(AtomicFile, NeverWritesThroughALink) {
  testing::write_text(folder_ / "precious", "text");
  fs::create_symlink(folder_ / "precious", temporary_name(folder_ / "a"));
  write_file_atomically(folder_ / "a", "new");
  fs::create_symlink(folder_ / "precious", folder_ / "b");
  write_file_atomically(folder_ / "b", "new");
  EXPECT_EQ(read_file(folder_ / "precious"), "text");
  EXPECT_EQ(read_file(folder_ / "a"), "new");
  EXPECT_FALSE(fs::is_symlink(folder_ / "b"));
}

TEST_F(AtomicFile, NamesTheFileThatCannotBeRead) {
  EXPECT_THAT(testing::error_of([&] { read_file(folder_ / "absent.yaml"); }), ::testing::HasSubstr("absent.yaml"));
  EXPECT_THROW(read_file(folder_.path()), UserError);
}

TEST_F(AtomicFile, ReadsFilesOfEverySizeAndTheirBeginnings) {
  for (const std::size_t size : {0UL, 1UL, 4096UL, 65535UL, 65536UL, 65537UL, 200'000UL}) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
      bytes[i] = static_cast<char>(i * 7 % 251);
    }
    testing::write_text(folder_ / "a", bytes);
    EXPECT_TRUE(read_file(folder_ / "a") == bytes) << size;
    for (const std::size_t most : {std::size_t{0}, std::size_t{1}, size, size + 1, std::size_t{70'000}}) {
      EXPECT_TRUE(read_file(folder_ / "a", most) == bytes.substr(0, most)) << most << " of " << size;
    }
  }
  EXPECT_THAT(read_file("/proc/self/status"), ::testing::StartsWith("Name:"));  // which says that it has 0 bytes
}

// A file that ends where reading failed would be taken for all there is, and written back so.
TEST_F(AtomicFile, AReadThatFailsIsNoEndOfTheFile) {
  // Nothing lies at address 0, so the system answers with an error of input.
  const std::string unreadable = "/proc/self/mem";
  EXPECT_THAT(testing::error_of([&] { read_file(unreadable); }),
              ::testing::HasSubstr("/proc/self/mem: cannot be read at byte 0: Input/output error"));
  EXPECT_THAT(testing::error_of([&] { read_file(unreadable, 64); }), ::testing::HasSubstr("cannot be read at byte 0"));
}

// Not with the address sanitizer, which ends the program where memory is refused.
#ifndef __SANITIZE_ADDRESS__
TEST_F(AtomicFile, AFileThatMemoryDoesNotSufficeForIsNamed) {
  testing::write_text(folder_ / "huge", "x");
  fs::resize_file(folder_ / "huge", std::uintmax_t{64} << 30);
  struct rlimit before {};
  getrlimit(RLIMIT_AS, &before);
  struct rlimit small = before;
  small.rlim_cur = rlim_t{32} << 30;
  ASSERT_EQ(setrlimit(RLIMIT_AS, &small), 0);
  const std::string said = testing::error_of([&] { read_file(folder_ / "huge"); });
  setrlimit(RLIMIT_AS, &before);
  EXPECT_THAT(said, ::testing::HasSubstr("huge: there is no memory to read it"));
  EXPECT_EQ(read_file(folder_ / "huge", 2), std::string("x\0", 2));
}
#endif

}  // namespace
}  // namespace samsr
