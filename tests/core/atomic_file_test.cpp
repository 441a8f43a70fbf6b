#include "core/atomic_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "core/error.h"
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

TEST_F(AtomicFile, CleansWhatAnInterruptedRunLeft) {
  write_file_atomically(folder_ / "kept", "x");
  write_file_atomically(temporary_name(folder_ / "torn"), "half");
  clean_temporaries(folder_.path());
  EXPECT_TRUE(fs::exists(folder_ / "kept"));
  EXPECT_EQ(files(), 1);
}

TEST_F(AtomicFile, NamesTheFileThatCannotBeRead) {
  EXPECT_THAT(testing::error_of([&] { read_file(folder_ / "absent.yaml"); }), ::testing::HasSubstr("absent.yaml"));
  EXPECT_THROW(read_file(folder_.path()), UserError);
}

}  // namespace
}  // namespace samsr
