#pragma once
// Small data sets and runs of `samsr train`, as most suites of this folder need them.

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launch/program.h"
#include "support/temporary_folder.h"

namespace samsr::testing {

// What the suites of one process share. Each is made when it is first asked for and removed at the end; whoever wants
// to change it takes a copy.
std::filesystem::path shared_photographs();  ///< those of the golden files
std::filesystem::path shared_shards();       ///< 24 samples by small_settings()
std::filesystem::path shared_teacher();      ///< of four steps of resshift on those

/// Command line of `data build` by small_settings() from the shared photographs; `more` wins.
std::string build(const std::filesystem::path& out, const std::string& more = {});

/// LPIPS's official files on AlexNet, made by rule, in `folder`.
void write_alexnet_of_lpips(const std::filesystem::path& folder);

/// What a build leaves, name → content; config.yaml, which names the folder, aside.
std::map<std::string, std::string> data_set_in(const std::filesystem::path& folder);

/// The lines of the metrics.jsonl of a run's folder.
std::vector<nlohmann::json> metrics_of(const std::filesystem::path& folder);

/// The figures of two runs agree in every step, to `tolerance` of their size.
void expect_equal_figures(const std::vector<nlohmann::json>& one, const std::vector<nlohmann::json>& other,
                          std::initializer_list<const char*> figures, double tolerance = 0);

/// The student, its average and the optimizer's state of two checkpoints agree in every bit.
void expect_equal_checkpoints(const std::filesystem::path& one, const std::filesystem::path& other);

/// A suite whose runs lie in a folder of its own.
class TrainedRuns : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { folder_ = std::make_unique<TemporaryFolder>(); }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::filesystem::path in(const std::string& name) { return *folder_ / name; }

  /// Command line of `train` into FOLDER/out by small_settings(), from the shared shards and teacher: four images a
  /// step, in two passes; `more` wins.
  static std::string train(const std::string& out, const std::string& more);
  static std::vector<nlohmann::json> metrics(const std::string& out) { return metrics_of(in(out)); }

  /// Command line of a recipe's `train`, of the name of the run's folder and further settings.
  using Recipe = std::function<std::string(const std::string& out, const std::string& more)>;

  /// The same training on one rank and on two, which cut a step's four images into passes of four and of one.
  struct OnOneAndTwoRanks {
    Outcome one;
    Outcome two;
    std::vector<nlohmann::json> lines;  ///< of one
  };
  /// Trains both for 20 steps, into `one` and `two`; `figures` of all steps agree to 1e-5 of their size.
  static OnOneAndTwoRanks expect_the_same_on_two_ranks(const Recipe& recipe, const std::string& more,
                                                       std::initializer_list<const char*> figures);

  /// With train.log_term_gradients each of two steps logs `gradients`, all of them above 0, and trains as without, to
  /// the bit; also where activations are computed again.
  static void expect_term_gradients(const Recipe& recipe, std::initializer_list<const char*> gradients);

  static inline std::unique_ptr<TemporaryFolder> folder_;
};

}  // namespace samsr::testing
