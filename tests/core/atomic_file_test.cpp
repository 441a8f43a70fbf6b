#include "core/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "core/error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;

class AtomicFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("samsr_atomic_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST_F(AtomicFile, ReplacesTheOldContentAndLeavesNothingElse) {
  write_file_atomically(folder_ / "a", "old");
  write_file_atomically(folder_ / "a", std::string(100'000, 'n'));
  EXPECT_EQ(read_file(folder_ / "a"), std::string(100'000, 'n'));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
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
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(AtomicFile, CleansWhatAnInterruptedRunLeft) {
  write_file_atomically(folder_ / "kept", "x");
  write_file_atomically(temporary_name(folder_ / "torn"), "half");
  clean_temporaries(folder_);
  EXPECT_TRUE(fs::exists(folder_ / "kept"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(AtomicFile, NamesTheFileThatCannotBeRead) {
  try {
    read_file(folder_ / "absent.yaml");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(std::string(error.what()).find("absent.yaml"), std::string::npos);
  }
  EXPECT_THROW(read_file(folder_), UserError);
}

}  // namespace
}  // namespace samsr
