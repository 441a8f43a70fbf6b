#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <sstream>
#include <thread>

#include "comm/mpi_main.h"
#include "comm/work_through.h"
#include "core/error.h"
#include "support/user_error.h"

namespace samsr::testing {
namespace {

class WorkThrough : public ::testing::Test {
 protected:
  Communicator& comm_ = world();
  std::ostringstream lines_;
  Log log_{lines_, comm_.rank(), comm_.size(), false};
};

TEST_F(WorkThrough, DoesEveryItemOnceAndCountsAllUnits) {
  std::string mine;
  const SharedWork what{
      .task = "trying", .unit = "parts", .items = 20, .done = 5, .units = [](std::uint64_t item) { return item % 3; }};
  work_through(
      what,
      [&](std::uint64_t item, const ReportWork& report) {
        mine += std::to_string(item) + " ";
        if (item % 3 == 2) {
          report(1, "half of it");
        }
        // The last one is slow, so that rank 0 may have to wait for it.
        std::this_thread::sleep_for(std::chrono::milliseconds(item == 19 ? 200 : 2));
      },
      comm_, log_);
  std::map<std::uint64_t, int> seen;
  for (const std::string& text : comm_.gather(mine)) {
    std::istringstream in(text);
    for (std::uint64_t item = 0; in >> item;) {
      ++seen[item];
    }
  }
  EXPECT_EQ(seen.size(), 20U);
  for (const auto& [item, times] : seen) {
    EXPECT_EQ(times, 1) << item;
  }
  if (comm_.rank() == 0) {
    EXPECT_NE(lines_.str().find("trying: 24 parts in"), std::string::npos) << lines_.str();
  }
}

TEST_F(WorkThrough, AnErrorOfOneItemEndsTheTaskOnAllRanks) {
  int worked = 0;
  const auto work = [&](std::uint64_t item, const ReportWork&) {
    if (item == 3) {
      throw UserError("item {} cannot be done", item);
    }
    ++worked;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  };
  const std::string message =
      error_of([&] { work_through({.task = "trying", .unit = "items", .items = 1000}, work, comm_, log_); });
  EXPECT_EQ(message, "item 3 cannot be done");
  EXPECT_LT(comm_.sum(worked), 900);
  EXPECT_EQ(lines_.str().find("trying: "), std::string::npos) << "a closing line of what is not done";
}

TEST_F(WorkThrough, ThereMayBeNothingToDo) {
  work_through(
      {.task = "trying", .unit = "items", .done = 7}, [](std::uint64_t, const ReportWork&) { FAIL(); }, comm_, log_);
  if (comm_.rank() == 0) {
    EXPECT_NE(lines_.str().find("trying: 7 items in"), std::string::npos) << lines_.str();
  }
}

}  // namespace
}  // namespace samsr::testing
