#include "train/report/run_status.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"
#include "train/report/run_record.h"

namespace samsr {
namespace {
namespace fs = std::filesystem;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class RunStatusTest : public ::testing::Test {
 protected:
  RunStatusTest() {
    testing::write_text(folder_ / "config.yaml", "train:\n  steps: 40\n  checkpoint_every: 10\n");
    add_start({});
  }

  /// `goes_on`: the fact of a start that resumed.
  void add_start(const std::string& goes_on) {
    RunRecord record;
    record.add("program", "samsr 1.0 (abc), started 2026-11-28T02:00:00Z");
    record.add("recipe", "samsr · fp32 · 2 ranks × 1 thread on cpu");
    record.add("hosts", "a (1 rank), b (1 rank)");
    if (!goes_on.empty()) {
      record.add(kGoesOn, goes_on);
    }
    record.append_to(folder_ / "run.yaml");
  }

  /// Steps 1 … `last`, one every two seconds, the last of them now.
  void log_steps(int last, const std::string& more = {}) {
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    std::string lines;
    for (int step = 1; step <= last; ++step) {
      lines += fmt::format(
          "{{\"step\":{},\"loss\":{},\"gt\":0.25,\"lr\":5e-05,\"grad_norm\":0.3,\"images_per_s\":4.0,\"step_ms\":1000."
          "0,"
          "\"data_wait_ms\":100.0,\"forward_ms\":300.0,\"slowest_rank\":1,\"slowest_rank_ms\":900.0,"
          "\"median_rank_ms\":400.0,\"slowest_host\":\"b\",\"memory_mb\":1900.0,\"time\":{:.3f}{}}}\n",
          step, step == last ? 0.5 : 0.7, now - 2.0 * (last - step), more);
    }
    testing::write_text(folder_ / "metrics.jsonl", lines);
  }
  void save(int step) { testing::write_text(folder_ / "latest", fmt::format("step-{:08}\n", step)); }
  std::string text() const { return RunStatus(folder_.path()).text(); }

  const testing::TemporaryFolder folder_;
};

TEST_F(RunStatusTest, SaysHowFarHowFastAndWhoIsSlow) {
  log_steps(20);
  save(20);
  const std::string shown = text();
  EXPECT_THAT(shown, HasSubstr("now          stopped after step 20; the same command goes on from there\n"));
  EXPECT_THAT(shown, HasSubstr("hosts        a (1 rank), b (1 rank)\n"));
  EXPECT_THAT(shown, HasSubstr("step         20 of 40 (50.0 %), the last one "));
  EXPECT_THAT(shown, HasSubstr("rate         0.50 steps/s; 4.0 images/s in the last step\n"));
  EXPECT_THAT(shown, HasSubstr("left         40 s at this rate\n"));
  EXPECT_THAT(shown, HasSubstr("loss         0.50000; 0.69000 on average of the last 20 steps\n"));
  EXPECT_THAT(shown, HasSubstr("terms        gt 0.25000\n"));
  EXPECT_THAT(shown, HasSubstr("time         1000 ms a step: data_wait 100, rollout 0, forward 300,"));
  EXPECT_THAT(shown, HasSubstr("data         waiting for it is 10.0 % of the step"));
  EXPECT_THAT(shown, HasSubstr("ranks        rank 1 on host b is the slowest in 20 of 20 steps"));
  EXPECT_THAT(shown, ContainsRegex("\ncheckpoint   step-00000020, [0-9]+ s ago\n"));
  EXPECT_THAT(shown, HasSubstr("faults       not started again yet; 0 steps skipped; 0 damaged samples left out\n"));
  EXPECT_LE(std::count(shown.begin(), shown.end(), '\n'), 24);  // one screen
}

TEST_F(RunStatusTest, SaysWhatIsLostOfARunThatEndedWithoutSaving) {
  log_steps(13);
  save(10);
  EXPECT_THAT(text(), HasSubstr("ENDED after step 13 without saving; the same command goes on from step 10, so that 3 "
                                "steps are done again"));
}

TEST_F(RunStatusTest, CountsStartsAndFaults) {
  add_start("from step 10; the start before came to step 13, steps done again: 3");
  add_start("from step 20; the start before came to step 20, steps done again: 0");
  log_steps(25, ",\"bad_samples\":2,\"skipped\":true");
  EXPECT_THAT(text(), HasSubstr("faults       started again 2 times, 1 without having saved (3 steps done again); 25 "
                                "steps skipped; 2 damaged samples left out\n"));
}

TEST_F(RunStatusTest, SeesThatItGoesOnAndThatItHangs) {
  log_steps(15);
  save(10);
  const FolderLock held(folder_.path(), "train", [](const std::string&) {});
  RunStatus status(folder_.path());
  EXPECT_TRUE(status.running());
  EXPECT_THAT(status.text(), HasSubstr("now          running on "));
  EXPECT_THAT(status.text(), HasSubstr("; the next one after step 20, in 10 s\n"));
  EXPECT_THAT(status.text(), Not(HasSubstr("NO STEP")));
  // The same log, written two minutes ago.
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  testing::write_text(
      folder_ / "metrics.jsonl",
      fmt::format("{{\"step\":15,\"loss\":1.0,\"lr\":1.0,\"step_ms\":10.0,\"time\":{:.3f}}}\n", now - 120));
  fs::last_write_time(folder_ / "metrics.jsonl", fs::file_time_type::clock::now() - std::chrono::minutes(2));
  status.update();
  EXPECT_THAT(status.text(), HasSubstr("; NO STEP FOR 2 min "));
}

TEST_F(RunStatusTest, SaysWhenTheClockAsksForTheNextCheckpoint) {
  testing::write_text(folder_ / "config.yaml",
                      "train:\n  steps: 40\n  checkpoint_every: 0\n  checkpoint_minutes: auto\n");
  log_steps(15, ",\"checkpoint_minutes\":12.5");
  save(10);
  EXPECT_THAT(text(), Not(HasSubstr("the next one")));
  const FolderLock held(folder_.path(), "train", [](const std::string&) {});
  EXPECT_THAT(text(), ContainsRegex("step-00000010, [0-9]+ s ago; the next one in 12 min [23][0-9] s\n"));
}

TEST_F(RunStatusTest, ReadsRunsOfEarlierVersionsAndThoseWithoutAStep) {
  EXPECT_THAT(text(), HasSubstr("step         0 of 40 (0.0 %), none is logged yet\n"));
  testing::write_text(folder_ / "metrics.jsonl", "{\"step\":40,\"loss\":0.5,\"lr\":1.0,\"step_ms\":500.0}\n");
  const std::string shown = text();
  EXPECT_THAT(shown, HasSubstr("now          done\n"));
  EXPECT_THAT(shown, HasSubstr("rate         2.00 steps/s"));
  EXPECT_THAT(shown, Not(HasSubstr("\nranks ")));
}

TEST_F(RunStatusTest, RefusesAFolderThatIsNoRun) {
  const testing::TemporaryFolder empty;
  EXPECT_THAT(testing::error_of([&] { RunStatus status(empty.path()); }), HasSubstr("is not the folder of a run"));
}

}  // namespace
}  // namespace samsr
