#include "comm/rank_threads.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <thread>

#include "core/cores.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

/// Threads of all ranks of a host.
std::vector<int> threads(const std::vector<std::vector<int>>& cores, std::optional<double> granted = std::nullopt) {
  std::vector<int> found;
  for (std::size_t rank = 0; rank < cores.size(); ++rank) {
    found.push_back(fair_threads(cores, static_cast<int>(rank), granted));
  }
  return found;
}

TEST(FairThreads, RanksThatAreNotBoundShareTheHost) {
  EXPECT_EQ(threads({{0, 1, 2, 3}}), std::vector{4});
  EXPECT_EQ(threads({{0, 1, 2, 3}, {0, 1, 2, 3}}), (std::vector{2, 2}));
  EXPECT_EQ(threads({{0, 1, 2}, {0, 1, 2}, {0, 1, 2}}), (std::vector{1, 1, 1}));
  EXPECT_EQ(threads({{0}, {0}}), (std::vector{1, 1}));
}

TEST(FairThreads, RanksThatAreBoundTakeTheirCores) {
  EXPECT_EQ(threads({{0, 1, 2, 3}, {64, 65}}), (std::vector{4, 2})) << "each its own, of whatever numbers";
  EXPECT_EQ(threads({{0, 1, 2, 3}, {0, 1, 2, 3}, {4, 5, 6, 7}}), (std::vector{2, 2, 4})) << "two on one NUMA node";
}

TEST(FairThreads, AContainersLimitIsForAllRanks) {
  EXPECT_EQ(threads({{0, 1, 2, 3, 4, 5, 6, 7}}, 2.5), std::vector{2});
  EXPECT_EQ(threads({{0, 1, 2, 3}, {0, 1, 2, 3}}, 2.0), (std::vector{1, 1}));
  EXPECT_EQ(threads({{0, 1}}, 0.5), std::vector{1});
  EXPECT_EQ(threads({{0, 1}}, 64.0), std::vector{2});
}

/// Of a process of its own kind: environment, binding and number of threads are as before afterwards.
class SetThreads : public ::testing::Test {
 protected:
  SetThreads() {
    const char* text = std::getenv("OMP_NUM_THREADS");
    had_ = text != nullptr ? std::optional<std::string>(text) : std::nullopt;
    ::unsetenv("OMP_NUM_THREADS");
    ::sched_getaffinity(0, sizeof bound_, &bound_);
  }
  ~SetThreads() override {
    at::set_num_threads(before_);
    ::sched_setaffinity(0, sizeof bound_, &bound_);
    if (had_) {
      ::setenv("OMP_NUM_THREADS", had_->c_str(), 1);
    }
  }

  int threads(int setting) { return set_threads({.threads = setting}, *alone_); }

  const std::unique_ptr<Communicator> alone_ = make_single_communicator();
  const int before_ = at::get_num_threads();
  std::optional<std::string> had_;
  cpu_set_t bound_{};
};

TEST_F(SetThreads, TheSettingComesFirstThenTheEnvironmentThenTheCores) {
  const int fair = fair_threads({usable_cores()}, 0, granted_cores());
  EXPECT_EQ(threads(0), fair);
  EXPECT_EQ(at::get_num_threads(), fair);
  ::setenv("OMP_NUM_THREADS", "3,2", 1);
  EXPECT_EQ(threads(0), 3);
  EXPECT_EQ(threads(2), 2);
  EXPECT_EQ(at::get_num_threads(), 2);
  ::setenv("OMP_NUM_THREADS", "many", 1);
  EXPECT_EQ(threads(0), fair);
}

TEST_F(SetThreads, MoreThanTheCoresCanServeAreRefused) {
  const auto cores = static_cast<int>(usable_cores().size());
  for (const int most : {4 * cores + 1, 100000}) {
    EXPECT_THAT(testing::error_of([&] { return threads(most); }),
                HasSubstr(fmt::format("train.threads={}: this rank may run on {} core", most, cores)));
    EXPECT_EQ(at::get_num_threads(), before_);
  }
  EXPECT_EQ(threads(4 * cores), 4 * cores);
}

TEST_F(SetThreads, ABoundProcessTakesItsCoresOnly) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<std::size_t>(usable_cores().back()), &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(threads(0), 1);
  EXPECT_THAT(testing::error_of([&] { return threads(5); }), HasSubstr("this rank may run on 1 core, and more than 4"));
}

}  // namespace
}  // namespace samsr
