#include "core/folder_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/host.h"
#include "core/running_process.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class FolderLockTest : public ::testing::Test {
 protected:
  std::unique_ptr<FolderLock> hold(const fs::path& folder) {
    return std::make_unique<FolderLock>(folder, "train", [this](const std::string& text) { said_ += text + "\n"; });
  }
  std::string error_in(const fs::path& folder) {
    return testing::error_of([&] { hold(folder); });
  }
  /// A lock that a process left, with a sign of life so many seconds ago.
  void leave_lock(const std::string& host, const std::string& boot, RunningProcess process, int seconds_ago) {
    testing::write_text(
        lock_, fmt::format("host: {}\nboot: {}\nprocess: {}\nstarted: {}\npurpose: train\nsince: noon\n", host, boot,
                           process.id, process.start));
    fs::last_write_time(lock_, fs::file_time_type::clock::now() - std::chrono::seconds(seconds_ago));
  }
  /// A process that holds `out_`, or has tried to, once this returns.
  pid_t holder() const {
    std::array<int, 2> ready{};
    EXPECT_EQ(::pipe(ready.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      const FolderLock lock(out_, "data build", [](const std::string&) {});
      (void)!::write(ready[1], "x", 1);
      ::pause();
      ::_exit(0);
    }
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
    return child;
  }

  const testing::TemporaryFolder folder_;
  const fs::path out_ = folder_.folder("out");
  const fs::path lock_ = out_ / kFolderLockFile;
  std::string said_;
};

TEST_F(FolderLockTest, IsGivenBackAtTheEndAndAfterAnError) {
  {
    const auto held = hold(out_);
    EXPECT_TRUE(fs::exists(lock_));
    held->check();
  }
  EXPECT_TRUE(fs::is_empty(out_));
  EXPECT_THROW(
      {
        const auto held = hold(out_);
        throw UserError("a mistake");
      },
      UserError);
  EXPECT_TRUE(fs::is_empty(out_));
}

TEST_F(FolderLockTest, RemovesFoldersThatItMadeForNothing) {
  { const auto held = hold(folder_ / "new/er/est/"); }
  EXPECT_FALSE(fs::exists(folder_ / "new"));
  {
    const auto held = hold(folder_ / "new/er");
    testing::write_text(folder_ / "new/er/a", "x");
  }
  EXPECT_TRUE(fs::exists(folder_ / "new/er/a"));
  EXPECT_TRUE(fs::exists(out_));
}

TEST_F(FolderLockTest, RemovesOnlyThoseThatItMadeBehindALinkAndTwoDots) {
  fs::create_directories(folder_ / "deep/er");
  fs::create_directory_symlink(folder_ / "deep/er", folder_ / "link");
  {
    const auto held = hold(folder_ / "link/../new");
    EXPECT_TRUE(fs::exists(folder_ / "deep/new"));
    fs::create_directory(folder_ / "new");  // somebody else's
  }
  EXPECT_FALSE(fs::exists(folder_ / "deep/new"));
  EXPECT_TRUE(fs::exists(folder_ / "new"));
}

TEST_F(FolderLockTest, ASecondRunIsRefusedAndToldWhoIsThere) {
  const pid_t process = holder();
  for (const fs::path& name : {out_, folder_ / "out/", folder_ / "out/../out"}) {
    EXPECT_THAT(error_in(name),
                AllOf(HasSubstr("is being written by `data build` on " + host_name()),
                      HasSubstr("process " + std::to_string(process) + ","), HasSubstr("name another folder")));
  }
  fs::create_directory_symlink(out_, folder_ / "link");
  EXPECT_THAT(error_in(folder_ / "link"), HasSubstr("is being written"));
  EXPECT_EQ(error_in(folder_ / "other"), "no error");
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
}

TEST_F(FolderLockTest, TheLockOfAKilledRunIsTakenOverAtOnce) {
  const pid_t process = holder();
  ::kill(process, SIGKILL);
  // It stays a zombie until somebody asks for it: that is no living process either.
  siginfo_t ended{};
  ::waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOWAIT);
  ASSERT_TRUE(fs::exists(lock_));
  EXPECT_EQ(error_in(out_), "no error");
  ::waitpid(process, nullptr, 0);
  EXPECT_EQ(said_, "");
}

TEST_F(FolderLockTest, ANumberThatAnotherProcessHasByNowIsNotTheHolder) {
  RunningProcess self = this_process();
  leave_lock(host_name(), boot_id(), self, 0);
  EXPECT_THAT(error_in(out_), HasSubstr("process " + std::to_string(self.id)));  // as on a file system without flock
  ++self.start;
  leave_lock(host_name(), boot_id(), self, 0);
  EXPECT_EQ(error_in(out_), "no error");
}

TEST_F(FolderLockTest, OfAnotherHostASignOfLifeDecides) {
  leave_lock("far", "another-boot", this_process(), 3600);
  EXPECT_EQ(error_in(out_), "no error");
  EXPECT_EQ(said_, "");
  // Nearly silent for long enough: it is waited for.
  leave_lock("far", "another-boot", this_process(), 59);
  EXPECT_EQ(error_in(out_), "no error");
  EXPECT_THAT(said_, HasSubstr("`train` on far held it"));
  leave_lock("far", "another-boot", this_process(), 10);
  std::thread heart([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(400));
    fs::last_write_time(lock_, fs::file_time_type::clock::now());
  });
  EXPECT_THAT(error_in(out_), HasSubstr("is being written by `train` on far"));
  heart.join();
}

TEST_F(FolderLockTest, ASignOfLifeFromTheFutureIsNotWaitedFor) {
  leave_lock("far", "another-boot", this_process(), -86400);
  const auto start = std::chrono::steady_clock::now();
  {
    const FolderLock lock(
        out_, "train", [this](const std::string& text) { said_ += text; }, std::chrono::seconds(1));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
  EXPECT_THAT(said_, HasSubstr("far held it 0 s ago; waiting for a sign of life, 1 s at most"));
}

TEST_F(FolderLockTest, OneOfManyGetsAStaleLock) {
  for (int round = 0; round < 2; ++round) {
    leave_lock(host_name(), "an earlier boot", {1, 1}, 3600);
    std::array<int, 2> start{};
    ASSERT_EQ(::pipe(start.data()), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
      children.push_back(::fork());
      if (children.back() == 0) {
        ::close(start[1]);
        char byte = 0;
        (void)!::read(start[0], &byte, 1);  // until the other end is closed
        try {
          const FolderLock lock(out_, "train", [](const std::string&) {});
          ::usleep(1'500'000);
          ::_exit(0);
        } catch (const UserError&) {
          ::_exit(2);
        }
      }
    }
    ::close(start[0]);
    ::close(start[1]);
    int got = 0;
    for (const pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      ASSERT_TRUE(WIFEXITED(status));
      got += WEXITSTATUS(status) == 0 ? 1 : 0;
    }
    EXPECT_EQ(got, 1);
    fs::remove(lock_);  // _exit gives nothing back
  }
}

TEST_F(FolderLockTest, LookingWhoHoldsAFolderTakesAndRemovesNothing) {
  const auto looking = [&](const fs::path& folder) { return testing::error_of([&] { check_not_held(folder, 10ms); }); };
  EXPECT_EQ(looking(folder_ / "nowhere"), "no error");
  EXPECT_FALSE(fs::exists(folder_ / "nowhere"));
  EXPECT_EQ(looking(out_), "no error");
  const pid_t process = holder();
  EXPECT_THAT(looking(out_), AllOf(HasSubstr("is being written by `data build` on " + host_name()),
                                   HasSubstr("process " + std::to_string(process) + ",")));
  ::kill(process, SIGKILL);
  ::waitpid(process, nullptr, 0);
  EXPECT_EQ(looking(out_), "no error");
  EXPECT_TRUE(fs::exists(lock_));
  leave_lock(host_name(), boot_id(), this_process(), 3600);
  EXPECT_THAT(looking(out_), HasSubstr("is being written")) << "as on a file system without flock";
  for (const auto& [seconds, held] : {std::pair(5, true), std::pair(3600, false), std::pair(-86400, false)}) {
    leave_lock("far", "another-boot", this_process(), seconds);
    EXPECT_EQ(looking(out_) != "no error", held) << seconds;
  }
  fs::remove(lock_);
  fs::create_symlink("elsewhere", lock_);
  EXPECT_THAT(looking(out_), HasSubstr("is a link, which samsr does not make"));
}

TEST_F(FolderLockTest, AHolderWhoseClockIsAnHourOffIsSeenToLive) {
  for (const int seconds : {3600, -3600}) {
    leave_lock("far", "another-boot", this_process(), seconds);
    std::jthread heart([&](const std::stop_token& end) {
      while (!end.stop_requested()) {
        std::this_thread::sleep_for(300ms);
        fs::last_write_time(lock_, fs::file_time_type::clock::now() - std::chrono::seconds(seconds));
      }
    });
    const auto found = folder_holder(out_);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->host, "far");
    EXPECT_EQ(found->silent_seconds, 0);
    EXPECT_NEAR(found->clock_ahead, seconds, 30);
  }
}

TEST_F(FolderLockTest, ARunWhoseLockIsGoneIsToldSo) {
  const auto held = hold(out_);
  fs::remove(lock_);
  EXPECT_THAT(testing::error_of([&] { held->check(); }), HasSubstr("taken over by another run"));
  testing::write_text(lock_, "host: far\n");
  EXPECT_THAT(testing::error_of([&] { held->check(); }), HasSubstr("taken over by another run"));
}

TEST_F(FolderLockTest, ARunWhoseFolderIsGoneIsToldThat) {
  const auto held = hold(out_);
  fs::rename(out_, folder_ / "elsewhere");
  EXPECT_THAT(testing::error_of([&] { held->check(); }), HasSubstr("out: the folder has been removed or moved"));
  fs::remove_all(folder_ / "elsewhere");
}

TEST_F(FolderLockTest, WhatIsNoFileInThePlaceOfTheLockIsNeitherFollowedNorRemoved) {
  testing::write_text(folder_ / "precious", "text");
  fs::create_symlink(folder_ / "precious", lock_);
  EXPECT_THAT(error_in(out_), HasSubstr(std::string(kFolderLockFile) + ": is a link, which samsr does not make"));
  EXPECT_EQ(read_file(folder_ / "precious"), "text");
  fs::remove(lock_);
  fs::create_directory(lock_);
  EXPECT_THAT(error_in(out_), HasSubstr(std::string(kFolderLockFile) + ": is a folder, which samsr does not make"));
  fs::remove(lock_);
  ASSERT_EQ(::mkfifo(lock_.c_str(), 0644), 0);
  EXPECT_THAT(error_in(out_), HasSubstr(std::string(kFolderLockFile) + ": is a named pipe, which samsr does not make"));
  EXPECT_TRUE(fs::is_fifo(lock_));
}

}  // namespace
}  // namespace samsr
