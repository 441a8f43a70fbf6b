#include "core/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <algorithm>
#include <sstream>

#include "comm/communicator.h"
#include "core/log.h"
#include "support/temporary_folder.h"
#include "train/faults/allocation_meter.h"
#include "train/faults/memory_estimate.h"
#include "train/toy_run.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kMegabyte = 1e6;

/// A recipe whose losses take 8 MB, however many samples there are, and 1 MB a sample.
class HeavyRecipe final : public testing::ToyRecipe {
 public:
  using ToyRecipe::ToyRecipe;
  RecipeLosses losses(const Batch& batch, const Move& move) override {
    const at::Tensor fixed = at::zeros({2'000'000});
    const at::Tensor each = at::zeros({batch.lq.size(0), 250'000});
    return ToyRecipe::losses(batch, move);
  }
};

constexpr std::array kHeavyTable{RecipeEntry{
    "toy", "a heavy one",
    [](const RecipeContext& context) -> std::unique_ptr<Recipe> { return std::make_unique<HeavyRecipe>(context); }}};

TEST(AllocationMeter, CountsWhatTheBackwardPassWillRead) {
  const at::Tensor weight = at::ones({1000, 250}).requires_grad_();
  // exp keeps its result and relu its own; the sum of a constant keeps nothing.
  const AllocatedBytes kept = allocated_by([&] { return weight.exp().relu(); });
  EXPECT_NEAR(kept.held, 2 * kMegabyte, 1000);
  const AllocatedBytes none = allocated_by([&] {
    const at::Tensor plain = weight.detach().exp();
    return plain.sum();
  });
  EXPECT_LT(none.held, 1000);
  EXPECT_NEAR(none.peak, kMegabyte, 1000);
}

TEST(AllocationMeter, SeesALargerBatchInProportion) {
  torch::nn::Conv2d layer(torch::nn::Conv2dOptions(3, 16, 3).padding(1));
  const auto held = [&](std::int64_t batch) {
    return allocated_by([&] { return layer->forward(at::ones({batch, 3, 64, 64})).relu(); }).held;
  };
  EXPECT_NEAR(held(4), 4 * held(1), 0.01 * held(4));
}

TEST(MemoryEstimate, AddsItsPartsAndLeavesSmallOnesOut) {
  MemoryEstimate estimate;
  estimate.add("weights", 12 * kMegabyte);
  estimate.add("teacher", 0);
  estimate.add("activations", 30 * kMegabyte);
  EXPECT_DOUBLE_EQ(estimate.total_mb(), 42);
  EXPECT_THAT(estimate.text(), HasSubstr("42 MB a rank: weights 12, activations 30"));
  EXPECT_THAT(estimate.text(), Not(HasSubstr("teacher")));
}

TEST(MemoryEstimate, CountsOnceWhatDoesNotGrowWithTheSamples) {
  EXPECT_DOUBLE_EQ(extrapolated(9, 10, 4), 12);
  EXPECT_DOUBLE_EQ(extrapolated(9, 10, 1), 9);
  EXPECT_DOUBLE_EQ(extrapolated(9, 8, 4), 9) << "of two measurements that differ by something else";
  const testing::TemporaryFolder folder;
  TrainConfig config = testing::toy_config(folder.path(), "run", 1);
  config.train.global_batch = 6;
  config.train.microbatch = 6;
  std::ostringstream said;
  Log log(said, 0, 1, false);
  const std::unique_ptr<Communicator> alone = make_single_communicator();
  const samsr::Run run(config, kHeavyTable, *alone, log);
  const auto activations = std::ranges::find(run.memory.parts, "activations", &std::pair<std::string, double>::first);
  ASSERT_NE(activations, run.memory.parts.end());
  EXPECT_NEAR(activations->second, 8 + 6, 0.1);
}

TEST(MemoryEstimate, AGpusPeakIsNoneOnTheCpu) { EXPECT_FALSE(peak_gpu_memory_mb(c10::Device(c10::kCPU)).has_value()); }

TEST(MemoryEstimate, KnowsWhatTheHostHas) {
  const auto usable = usable_memory_mb(c10::Device(c10::kCPU), 1);
  ASSERT_TRUE(usable.has_value());
  EXPECT_GE(*usable, resident_memory_mb());
}

}  // namespace
}  // namespace samsr
