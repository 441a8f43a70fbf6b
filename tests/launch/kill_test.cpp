// Builds that are killed, for real, at any point: started again they end with the same bytes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <map>
#include <thread>

#include "core/atomic_file.h"
#include "program.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;

/// A command running beside the test.
class Running {
 public:
  explicit Running(const std::string& command) : pid_(::fork()) {
    if (pid_ == 0) {
      ::execl("/bin/sh", "sh", "-c", ("exec env " + command + " >/dev/null 2>&1").c_str(), nullptr);
      ::_exit(127);
    }
  }
  ~Running() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  pid_t pid() const { return pid_; }
  bool ended() {
    if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = 0;
    }
    return pid_ == 0;
  }

 private:
  pid_t pid_;
};

/// Waits until the condition holds; false when the command ends before.
bool wait_for(Running& running, const std::function<bool()>& condition) {
  while (!condition()) {
    if (running.ended()) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

/// True while a file is being written whose name begins so.
bool is_being_written(const fs::path& folder, const std::string& name) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with("." + name + ".tmp-")) {
      return true;
    }
  }
  return false;
}

std::vector<pid_t> children_of(pid_t pid) {
  const std::string id = std::to_string(pid);
  std::ifstream in("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; in >> child;) {
    children.push_back(child);
  }
  return children;
}

/// What a build leaves; config.yaml, which names the folder, aside.
std::map<std::string, std::string> data_set_in(const fs::path& folder) {
  std::map<std::string, std::string> found = contents(folder);
  found.erase("config.yaml");
  return found;
}

class KilledBuild : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder("killed_build");
    write_photographs(*folder_ / "photographs");
    ASSERT_EQ(run(samsr(build("taught"))).status, 0);
    const Outcome taught = run(samsr("train" + std::string(kTinySettings) + "train.recipe=resshift train.steps=1" +
                                     " train.global_batch=2 train.threads=1 train.shards=" + (*folder_ / "taught") +
                                     " train.out=" + (*folder_ / "teacher")));
    ASSERT_EQ(taught.status, 0) << taught.output;
    const Outcome whole = run(samsr(build("whole", "--stage all")));
    ASSERT_EQ(whole.status, 0) << whole.output;
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string build(const std::string& out, const std::string& more = "") {
    return "data build" + std::string(kTinySettings) + "data.images=" + (*folder_ / "photographs") +
           " data.out=" + (*folder_ / out) + " train.recipe=sinsr train.teacher_weights=" + (*folder_ / "teacher") +
           " " + more;
  }

  static void expect_whole(const std::string& out) {
    const auto expected = data_set_in(*folder_ / "whole");
    const auto found = data_set_in(*folder_ / out);
    for (const auto& [name, bytes] : found) {
      EXPECT_TRUE(expected.contains(name)) << name << " was left behind";
    }
    for (const auto& [name, bytes] : expected) {
      ASSERT_TRUE(found.contains(name)) << name;
      EXPECT_TRUE(found.at(name) == bytes) << name << " has other bytes";
    }
  }

  static TemporaryFolder* folder_;
};

TemporaryFolder* KilledBuild::folder_ = nullptr;

TEST_F(KilledBuild, InAnyStageEndsWithTheSameBytes) {
  for (const char* stage : {"pairs", "masks", "latents", "rollout"}) {
    for (const char* shard : {"shard-000000.h5", "shard-000003.h5"}) {
      const std::string command = samsr(build("out", std::string("--stage ") + stage));
      {
        Running running(command);
        ASSERT_TRUE(wait_for(running, [&] { return is_being_written(*folder_ / "out", shard); })) << stage;
      }
      EXPECT_FALSE(fs::exists(*folder_ / "out/manifest.json"));
    }
    const Outcome finished = run(samsr(build("out", std::string("--stage ") + stage)));
    ASSERT_EQ(finished.status, 0) << finished.output;
  }
  expect_whole("out");
}

TEST_F(KilledBuild, WhileItReadsPhotographsEndsWithTheSameBytes) {
  {
    Running running(samsr(build("scanned", "--stage all")));
    ASSERT_TRUE(wait_for(running, [] { return fs::exists(*folder_ / "scanned/photographs.scan/offsets"); }));
  }
  const Outcome finished = run(samsr(build("scanned", "--stage all")));
  ASSERT_EQ(finished.status, 0) << finished.output;
  expect_whole("scanned");
}

TEST_F(KilledBuild, OneOfTwoRanksTakesTheOtherAlong) {
  for (const std::size_t victim : {0U, 1U}) {
    const std::string out = "ranks" + std::to_string(victim);
    {
      Running running(samsr_on(2, build(out, "--stage all")));
      ASSERT_TRUE(wait_for(running, [&] { return is_being_written(*folder_ / out, "shard-000001.h5"); }));
      const std::vector<pid_t> ranks = children_of(running.pid());
      ASSERT_EQ(ranks.size(), 2U);
      ::kill(ranks[victim], SIGKILL);
      const auto begin = std::chrono::steady_clock::now();
      while (!running.ended() && std::chrono::steady_clock::now() - begin < std::chrono::seconds(30)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
      EXPECT_TRUE(running.ended());
    }
    const Outcome finished = run(samsr_on(3, build(out, "--stage all")));
    ASSERT_EQ(finished.status, 0) << finished.output;
    expect_whole(out);
  }
}

}  // namespace
}  // namespace samsr::testing
