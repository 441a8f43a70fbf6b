#include "launch/trained_runs.h"

#include <torch/torch.h>

#include <cmath>

#include "eval/metric_weights_by_rule.h"
#include "models/perceptual/lpips_network.h"
#include "models/weights/safetensors.h"
#include "support/files.h"
#include "support/json_lines.h"
#include "support/photographs.h"
#include "support/small_model.h"

namespace samsr::testing {
namespace fs = std::filesystem;
namespace {

const TemporaryFolder& shared_folder() {
  static const TemporaryFolder folder;
  return folder;
}

}  // namespace

fs::path shared_photographs() {
  static const fs::path photographs = [] {
    write_golden_photographs(shared_folder() / "photographs");
    return shared_folder() / "photographs";
  }();
  return photographs;
}

fs::path shared_shards() {
  static const fs::path shards = [] {
    succeed(samsr(build(shared_folder() / "shards")));
    return shared_folder() / "shards";
  }();
  return shards;
}

fs::path shared_teacher() {
  static const fs::path teacher = [] {
    succeed(samsr("train" + small_settings() +
                  "train.recipe=resshift train.steps=4 train.global_batch=4 train.lr=1e-3 'train.milestones=[2]'"
                  " train.ema_rate=0 train.seed=9 train.threads=1 train.shards=" +
                  shared_shards() + " train.out=" + shared_folder() / "teacher"));
    return shared_folder() / "teacher";
  }();
  return teacher;
}

std::string build(const fs::path& out, const std::string& more) {
  return "data build" + small_settings() + "data.images=" + shared_photographs() + " data.out=" + out + " " + more;
}

void write_alexnet_of_lpips(const fs::path& folder) {
  const auto write = [&](const char* name, const NamedWeights& weights) {
    write_safetensors(folder / name, {{weights.begin(), weights.end()}, {}});
  };
  fs::create_directories(folder);
  write("alexnet-owt-7be5be79.pth", weights_by_rule(lpips_trunk_weights(LpipsTrunk::kAlex), 1));
  write("alex.pth", linear_weights_by_rule(lpips_linear_weights(LpipsTrunk::kAlex), 1));
}

std::map<std::string, std::string> data_set_in(const fs::path& folder) {
  std::map<std::string, std::string> found = contents(folder);
  found.erase("config.yaml");
  return found;
}

std::vector<nlohmann::json> metrics_of(const fs::path& folder) { return read_json_lines(folder / "metrics.jsonl"); }

void expect_equal_figures(const std::vector<nlohmann::json>& one, const std::vector<nlohmann::json>& other,
                          std::initializer_list<const char*> figures, double tolerance) {
  ASSERT_EQ(one.size(), other.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    for (const char* figure : figures) {
      const double value = one[i].at(figure);
      EXPECT_NEAR(value, other[i].at(figure).get<double>(), tolerance * std::abs(value))
          << figure << ", step " << one[i].at("step");
    }
  }
}

void expect_equal_checkpoints(const fs::path& one, const fs::path& other) {
  for (const char* part : {"student.safetensors", "ema.safetensors", "optimizer.safetensors"}) {
    const TensorFile expected = read_safetensors(one / part);
    const TensorFile found = read_safetensors(other / part);
    EXPECT_FALSE(expected.tensors.empty()) << part;
    ASSERT_EQ(expected.tensors.size(), found.tensors.size()) << part;
    for (std::size_t i = 0; i < expected.tensors.size(); ++i) {
      const auto& [name, tensor] = expected.tensors[i];
      EXPECT_EQ(name, found.tensors[i].first) << part;
      EXPECT_EQ(tensor.scalar_type(), found.tensors[i].second.scalar_type()) << part << " " << name;
      EXPECT_TRUE(torch::equal(tensor, found.tensors[i].second)) << part << " " << name;
    }
  }
}

std::string TrainedRuns::train(const std::string& out, const std::string& more) {
  return "train" + small_settings() +
         "train.global_batch=4 train.microbatch=2 train.lr=1e-3 'train.milestones=[2]' train.seed=9 train.threads=1"
         " train.checkpoint_every=5 train.shards=" +
         shared_shards() + " train.teacher_weights=" + shared_teacher() + " train.out=" + in(out) + " " + more;
}

TrainedRuns::OnOneAndTwoRanks TrainedRuns::expect_the_same_on_two_ranks(const Recipe& recipe, const std::string& more,
                                                                        std::initializer_list<const char*> figures) {
  const std::string steps = "train.steps=20 train.checkpoint_every=100 " + more;
  OnOneAndTwoRanks found{run(samsr(recipe("one", steps + " train.microbatch=4"))),
                         run(samsr_on(2, recipe("two", steps + " train.microbatch=1"))),
                         {}};
  EXPECT_EQ(found.one.status, 0) << found.one.output;
  EXPECT_EQ(found.two.status, 0) << found.two.output;
  if (found.one.status == 0 && found.two.status == 0) {
    found.lines = metrics("one");
    EXPECT_EQ(found.lines.size(), 20U);
    expect_equal_figures(found.lines, metrics("two"), figures, 1e-5);
  }
  return found;
}

void TrainedRuns::expect_term_gradients(const Recipe& recipe, std::initializer_list<const char*> gradients) {
  for (const std::string again : {"false", "true"}) {
    const std::string steps = "train.steps=2 train.resume=never train.checkpoint_activations=" + again;
    succeed(samsr(recipe("plain_" + again, steps)));
    succeed(samsr(recipe("measured_" + again, steps + " train.log_term_gradients=1")));
    const auto lines = metrics("measured_" + again);
    expect_equal_figures(metrics("plain_" + again), lines, {"loss", "grad_norm"});
    for (const nlohmann::json& line : lines) {
      for (const char* gradient : gradients) {
        ASSERT_TRUE(line.contains(gradient)) << gradient << " in " << line;
        EXPECT_GT(line[gradient].get<double>(), 0) << gradient << " in " << line;
      }
    }
  }
}

}  // namespace samsr::testing
