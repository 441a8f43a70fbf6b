// What a run tells of itself: opening table, log line, times, TensorBoard, profile, dry run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "core/atomic_file.h"
#include "core/folder_lock.h"
#include "launch/trained_runs.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class Observability : public TrainedRuns {
 protected:
  static std::string arguments(const std::string& out, const std::string& more) {
    return train(out, "train.recipe=samsr train.checkpoint_every=3 train.log_every=1 train.log_images=3 " + more);
  }

  /// What the tensorboard package reads from a run's folder.
  static nlohmann::json tensorboard(const std::string& out) {
    const char* packages = std::getenv("SAMSR_TEST_PYTHON");
    const std::string path = packages == nullptr ? "" : std::string("PYTHONPATH=") + packages + " ";
    const Outcome has = run(path + "python3 -c 'import tensorboard'");
    if (has.status != 0) {
      throw std::runtime_error(
          "python3 finds no package tensorboard: run launch/test, which fetches it, or set SAMSR_TEST_PYTHON to a "
          "folder that has it");
    }
    const Outcome read = run("(" + path + "python3 " SAMSR_SOURCE "/tests/launch/read_tensorboard.py " +
                             in(out + "/tensorboard") + " 2>/dev/null)");
    if (read.status != 0) {
      throw std::runtime_error("the tensorboard package cannot read " + out);
    }
    return nlohmann::json::parse(read.output);
  }

  static std::set<std::string> files_in(const fs::path& folder) {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      files.insert(entry.path().string());
    }
    return files;
  }
};

TEST_F(Observability, TensorBoardReadsScalarsAndPicturesBack) {
  const Outcome trained = run(samsr(arguments("events", "train.steps=6")));
  ASSERT_EQ(trained.status, 0) << trained.output;
  const nlohmann::json events = tensorboard("events");
  const auto lines = metrics("events");
  ASSERT_EQ(lines.size(), 6U);
  for (const char* tag :
       {"loss", "distill", "inverse", "gt", "lr", "grad_norm", "images_per_s", "step_ms", "data_wait_ms", "rollout_ms",
        "forward_ms", "backward_ms", "exchange_ms", "optimizer_ms", "memory_mb"}) {
    ASSERT_TRUE(events["scalars"].contains(tag)) << tag;
    const auto& points = events["scalars"][tag];
    ASSERT_EQ(points.size(), lines.size()) << tag;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(points[i][0], lines[i]["step"]);
      EXPECT_FLOAT_EQ(points[i][1].get<float>(), lines[i][tag].get<float>()) << tag;
    }
  }
  ASSERT_EQ(events["images"].size(), 4U);
  for (const auto& [tag, pictures] : events["images"].items()) {
    EXPECT_THAT(tag, HasSubstr("LR, prediction, HR"));
    // HR of 64 pixels, three side by side; in the summary and in the PNG alike.
    EXPECT_EQ(pictures, nlohmann::json::parse("[[3,192,64,192,64],[6,192,64,192,64]]")) << tag;
  }
  succeed(samsr(arguments("teacher", "train.recipe=resshift train.steps=2 train.log_images=2")));
  EXPECT_EQ(tensorboard("teacher")["images"].size(), 4U);
}

TEST_F(Observability, LookingAtTheRunDoesNotChangeIt) {
  ASSERT_EQ(run(samsr(arguments("watched", "train.steps=5 train.log_images=1 --profile 1"))).status, 0);
  ASSERT_EQ(run(samsr(arguments("alone", "train.steps=5 train.tensorboard=false"))).status, 0);
  const auto alone = metrics("alone");
  ASSERT_EQ(alone.size(), 5U);
  expect_equal_figures(alone, metrics("watched"), {"loss", "grad_norm"});
}

TEST_F(Observability, TensorBoardForgetsWhatAResumedRunDoesAgain) {
  ASSERT_EQ(run(samsr(arguments("again", "train.steps=5 train.checkpoint_every=3"))).status, 0);
  fs::remove_all(in("again/step-00000005"));  // as if killed after step 5, with the checkpoint of step 3
  const Outcome resumed = run(samsr(arguments("again", "train.steps=7")));
  ASSERT_EQ(resumed.status, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  const nlohmann::json points = tensorboard("again")["scalars"]["loss"];
  ASSERT_EQ(points.size(), 7U);
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(points[i][0], i + 1);
  }
}

TEST_F(Observability, ThePhasesSumToAboutTheStepAndTheMemoryToTheEstimate) {
  const Outcome trained = run(samsr(arguments("phases", "train.steps=6")));
  ASSERT_EQ(trained.status, 0) << trained.output;
  double whole = 0;
  double phases = 0;
  for (const auto& line : metrics("phases")) {
    whole += line["step_ms"].get<double>();
    for (const char* phase :
         {"data_wait_ms", "rollout_ms", "forward_ms", "backward_ms", "exchange_ms", "optimizer_ms"}) {
      EXPECT_GE(line[phase].get<double>(), 0) << phase;
      phases += line[phase].get<double>();
    }
    EXPECT_GT(line["rollout_ms"].get<double>(), 0);
    EXPECT_GT(line["backward_ms"].get<double>(), 0);
    EXPECT_LT(line["exchange_ms"].get<double>(), 0.1);  // one rank
  }
  EXPECT_LE(phases, whole);
  EXPECT_GE(phases, 0.9 * whole);
  const double estimated = std::stod(trained.output.substr(trained.output.find("memory       about ") + 19));
  const double used = metrics("phases").back()["memory_mb"];
  EXPECT_NEAR(estimated, used, 0.2 * used);
}

TEST_F(Observability, RanksSayHowLongTheyWaitForTheExchange) {
  const Outcome trained = run(samsr_on(2, arguments("ranks", "train.steps=3")));
  ASSERT_EQ(trained.status, 0) << trained.output;
  for (const auto& line : metrics("ranks")) {
    EXPECT_GT(line["exchange_ms"].get<double>(), 0);
  }
}

TEST_F(Observability, TheRunBeginsWithItsTableAndKeepsIt) {
  const Outcome trained = run(samsr(arguments("opening", "train.steps=2")));
  ASSERT_EQ(trained.status, 0) << trained.output;
  const std::string kept = read_file(in("opening/run.yaml"));
  for (const std::string& text : {trained.output, kept}) {
    EXPECT_THAT(text, HasSubstr("train.recipe=samsr"));
    EXPECT_THAT(text, ContainsRegex("samsr [0-9.]+ \\([0-9a-f]+\\+?\\)|samsr [0-9.]+ \\(unknown\\)"));
    EXPECT_THAT(text, HasSubstr("(1 rank)"));
    EXPECT_THAT(text, HasSubstr("4 a rank in 2 passes × 1 rank = 4 images a step"));
    EXPECT_THAT(text, HasSubstr("6.0 steps an epoch; 2 steps see 8 images, 0.33 epochs"));
    EXPECT_THAT(text, ContainsRegex("fingerprint [0-9a-f]{8}"));
    EXPECT_THAT(text, ContainsRegex("about [0-9]+ MB a rank: program [0-9]+, weights [0-9]+"));
    EXPECT_THAT(text, HasSubstr("activations"));
  }
  EXPECT_THAT(trained.output,
              ContainsRegex("step 2/2  loss [0-9.]+ .*\\|grad\\| [0-9.]+  lr .* ms \\(data [0-9]+, exchange "
                            "[0-9]+\\)  [0-9.]+ images/s  [0-9.]+ GB  0 s left"));
  EXPECT_THAT(trained.output, ContainsRegex("data keeps up|data wait is [0-9]+ % of the step"));
}

TEST_F(Observability, ADryRunTriesEverythingAndLeavesNothing) {
  const auto before = files_in(folder_->path());
  std::string output;
  for (const std::string& command :
       {samsr(arguments("dry", "--dry-run")), samsr_on(2, arguments("dry", "--dry-run"))}) {
    const Outcome tried = run(command);
    output = tried.output;
    EXPECT_EQ(tried.status, 0) << tried.output;
    for (const char* line : {"memory  ", "disk  ", "exchange  ", "step  ", "whole run  ", "nothing was written"}) {
      EXPECT_THAT(tried.output, HasSubstr(line));
    }
    EXPECT_EQ(files_in(folder_->path()), before);
  }
  EXPECT_THAT(output,
              ContainsRegex("all-reduce of [0-9.]+ MB of gradients over 2 ranks: [0-9.]+ ms, [0-9.]+ GB/s a rank"));
}

TEST_F(Observability, ADryRunNamesWhatIsMissing) {
  const std::pair<std::string, const char*> cases[] = {
      {"train.teacher_weights=/nowhere", "/nowhere"},
      {"train.shards=/nowhere", "/nowhere"},
      {"train.out=/proc/nowhere", "train.out=/proc/nowhere"},
  };
  const auto before = files_in(folder_->path());
  for (const auto& [settings, expected] : cases) {
    const Outcome tried = run(samsr(arguments("dry", settings + " --dry-run")));
    EXPECT_EQ(tried.status, 2) << tried.output;
    EXPECT_THAT(tried.output, HasSubstr(expected));
  }
  EXPECT_EQ(files_in(folder_->path()), before);
}

TEST_F(Observability, ADryRunLooksWhoHoldsTheFolder) {
  fs::create_directories(in("held"));
  {
    const FolderLock lock(in("held"), "train", [](const std::string&) {});
    const auto before = files_in(folder_->path());
    for (const std::string& command :
         {samsr(arguments("held", "--dry-run")), samsr_on(2, arguments("held", "--dry-run"))}) {
      const Outcome tried = run(command);
      EXPECT_EQ(tried.status, 2) << tried.output;
      EXPECT_THAT(tried.output, HasSubstr("held: is being written by `train` on "));
    }
    EXPECT_EQ(files_in(folder_->path()), before);
    lock.check();
  }
  EXPECT_EQ(run(samsr(arguments("held", "--dry-run"))).status, 0);
}

TEST_F(Observability, ADryRunSaysWhatIsLeftOfTheRun) {
  const std::string recipe = "train.recipe=resshift train.log_images=0 train.steps=";
  ASSERT_EQ(run(samsr(arguments("some", recipe + "2"))).status, 0);
  for (const auto& [steps, said] :
       {std::pair("2", "has nothing to do: 2 of 2 steps are done"), std::pair("5", "goes on after step 2 of 5")}) {
    const Outcome tried = run(samsr(arguments("some", recipe + steps + " --dry-run")));
    EXPECT_EQ(tried.status, 0) << tried.output;
    EXPECT_THAT(tried.output, HasSubstr(said));
  }
  const Outcome anew = run(samsr(arguments("some", recipe + "2 train.resume=never --dry-run")));
  EXPECT_THAT(anew.output, HasSubstr("without --dry-run starts the run"));
}

TEST_F(Observability, RunningOutOfMemoryNamesTheKnob) {
  const Outcome failed = run("ulimit -v 2000000; " + samsr(arguments("large",
                                                                     "train.recipe=resshift train.global_batch=512 "
                                                                     "train.microbatch=512 data.prefetch=1")));
  EXPECT_EQ(failed.status, 2) << failed.output;
  EXPECT_THAT(failed.output, HasSubstr("out of memory: lower train.microbatch (now 512)"));
}

TEST_F(Observability, AProfileIsAChromeTraceWithThePhases) {
  const Outcome trained = run(samsr(arguments("profile", "train.steps=8 --profile 2")));
  ASSERT_EQ(trained.status, 0) << trained.output;
  EXPECT_EQ(metrics("profile").size(), 8U);  // it trains on
  const std::string file = in("profile/trace-rank0-step4.json");
  EXPECT_THAT(trained.output, HasSubstr(file));
  const auto trace = nlohmann::json::parse(read_file(file));
  std::map<std::string, int> found;
  for (const auto& event : trace["traceEvents"]) {
    ++found[event.value("name", "")];
  }
  EXPECT_EQ(found["data_wait"], 2);
  EXPECT_EQ(found["optimizer"], 6);  // zeroing before the passes, the update behind them, the averages
  EXPECT_EQ(found["backward"], 4);   // two passes a step
  EXPECT_EQ(found["rollout"], 4);
  EXPECT_GT(found["aten::convolution"], 0);
}

TEST_F(Observability, AProfileOfTooShortARunSaysSo) {
  const Outcome trained = run(samsr(arguments("short", "train.steps=2 train.tensorboard=false --profile 2")));
  EXPECT_EQ(trained.status, 0) << trained.output;
  EXPECT_THAT(trained.output, HasSubstr("nothing was recorded"));
  EXPECT_FALSE(fs::exists(in("short/tensorboard")));
}

}  // namespace
}  // namespace samsr::testing
