// launch/ablation at toy size: nine students, Tables 3 and 4 from them, what is complete passed over, mistakes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "eval/metric_weights_by_rule.h"
#include "eval/metrics/clipiqa/clipiqa.h"
#include "eval/metrics/musiq/musiq.h"
#include "launch/mistakes.h"
#include "launch/trained_runs.h"
#include "models/weights/safetensors.h"
#include "support/files.h"
#include "support/small_model.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class Ablation : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    succeed(samsr("data export " + shared_shards() + " " + in("exported") + " --count 2"));
    write_text(in("config.yaml"), "train: {recipe: samsr, steps: 2, tensorboard: false}\nsemantic: {loss: none}\n");
    // Names and columns of the published sets, on two pictures.
    write_text(in("sets.yaml"),
               "benchmarks:\n  - {name: realsr, title: RealSR, lq: l, metrics: \"clipiqa,musiq\"}\n"
               "  - {name: realset65, title: RealSet65, lq: l, metrics: \"clipiqa,musiq\"}\n");
    const auto write = [](const char* file, const NamedWeights& weights) {
      fs::create_directories(in("weights"));
      write_safetensors(in("weights") / file, {{weights.begin(), weights.end()}, {}});
    };
    write("RN50.pt", clip_weights_by_rule(clipiqa_weights(), 0));
    write("musiq_koniq_ckpt-e95806b9.pth", weights_by_rule(musiq_weights(), 0));
  }

  static std::string plain_script(const std::string& arguments) {
    return "SAMSR_BINARY=" SAMSR_BINARY " OMP_NUM_THREADS=1 SAMSR_WEIGHTS=" + in("weights") +
           " " SAMSR_SOURCE "/launch/ablation " + arguments;
  }
  static std::string script(const std::string& out, const std::string& more = "") {
    return plain_script("--config " + in("config.yaml") + " --out " + in(out) + small_settings() +
                        "train.global_batch=4 train.microbatch=2 'train.milestones=[2]' train.threads=1 train.shards=" +
                        shared_shards() + " train.teacher_weights=" + shared_teacher() +
                        " eval.benchmarks_file=" + in("sets.yaml") + " --benchmark realsr=" + in("exported/lq") +
                        " --benchmark realset65=" + in("exported/lq") + " " + more);
  }
};

TEST_F(Ablation, OneCommandTrainsMeasuresAndTabulatesAndPassesOverWhatIsComplete) {
  const Outcome dry = run(script("whole", "--dry-run"));
  ASSERT_EQ(dry.status, 0) << dry.output;
  EXPECT_THAT(dry.output, AllOf(HasSubstr("1 of 10, m:0.5: to be trained"), HasSubstr("10 of 10, weights:both: ")));
  EXPECT_FALSE(fs::exists(in("whole")));

  const Outcome first = run(script("whole", "--table 4"));
  ASSERT_EQ(first.status, 0) << first.output;
  const fs::file_time_type trained = fs::last_write_time(in("whole/eta/step-00000002"));
  const Outcome outcome = run(script("whole"));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("8 of 10, weights:eta: complete"), HasSubstr("3 of 10, m:0.2: complete"),
                                    HasSubstr("1 of 10, m:0.5: training (samsr.m=0.5 samsr.modulate=both)"),
                                    HasSubstr("samsr.m=0.16666667")));
  EXPECT_EQ(fs::last_write_time(in("whole/eta/step-00000002")), trained);

  const std::string tables = read_file(in("whole/tables/tables.md"));
  EXPECT_THAT(outcome.output, HasSubstr(tables));
  EXPECT_THAT(tables, AllOf(HasSubstr("### Table 3: "), HasSubstr("### Table 4: "), Not(HasSubstr("Table 1"))));
  // The small model's p and κ are 1; each row has its four figures.
  for (const char* m : {"0.5", "0.25", "0.2", "0.167", "0.125", "0.1", "0.05"}) {
    EXPECT_THAT(tables,
                ::testing::ContainsRegex("\\| " + std::string(m) + " \\| 1\\.0 \\| 1\\.0 (\\| [^|-]+){4}\\|\n"));
  }
  for (const char* weights : {"eta", "kappa", "both"}) {
    EXPECT_THAT(tables, ::testing::ContainsRegex("\\| weights:" + std::string(weights) + " (\\| [^|-]+){2}\\|\n"));
  }
  const std::string compared = read_file(in("whole/tables/comparison.csv"));
  EXPECT_EQ(std::count(compared.begin(), compared.end(), '\n'), 1 + 7 * 4 + 3 * 2) << compared;
  // One student, two rows; what the rows differ in reaches the others.
  EXPECT_THAT(read_file(in("whole/eta/config.yaml")), HasSubstr("modulate: eta"));
  EXPECT_FALSE(read_file(in("whole/eta/step-00000002/student.safetensors")) ==
               read_file(in("whole/kappa/step-00000002/student.safetensors")));

  const Outcome again = run(script("whole"));
  ASSERT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, AllOf(HasSubstr("figures: complete"), Not(HasSubstr(": training"))));

  const Outcome other = run(script("whole", "train.lr=1e-4"));
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, HasSubstr("was begun with other settings"));
}

TEST_F(Ablation, MistakesAreOneLine) {
  write_text(in("file"), "a file where a folder is asked for\n");
  const std::string config = "--config " + in("config.yaml") + " ";
  const std::string shards = "train.shards=" + shared_shards() + " ";
  const std::pair<std::string, const char*> cases[] = {
      {"--config", "--config needs a value"},
      {"--config /nowhere.yaml", "--config /nowhere.yaml: no such file"},
      {config + "--table 5", "--table 5: 3 or 4 is needed"},
      {config + "--ranks two", "--ranks two: a positive number is needed"},
      {config + "--benchmark realsr=/nowhere", "/nowhere is no folder"},
      {config + "--nonsense", "unknown argument '--nonsense'"},
      {config + "samsr.m=0.3", "the students differ in samsr.m"},
      {config + "train.out=x", "the students differ in train.out"},
      {config + "train.stepz=5", "did you mean 'train.steps'"},
      {config + "train.recipe=sinsr", "train.recipe is 'sinsr'"},
      {config, "train.shards='': name the folder"},
      {config + "train.shards=/nowhere", "train.shards='/nowhere': name the folder"},
      {config + shards + "weights.folder=" + in("exported"), "files are missing: RN50.pt musiq_koniq"},
      {config + shards + "weights.folder=" + in("exported") + " eval.metrics=psnr_y,lpips", "alexnet-owt-7be5be79.pth"},
      {config + shards + "--out " + in("file"), "cannot be made"},
  };
  for (const auto& [arguments, expected] : cases) {
    expect_mistake(plain_script(arguments), expected);
  }
}

}  // namespace
}  // namespace samsr::testing
