// Checkpoints that are written while training goes on.

#include "train/checkpoints/checkpoint_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.h"
#include "support/files.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr::testing {
namespace {
using ::testing::HasSubstr;
using Tensors = CheckpointWriter::Tensors;

Checkpoint checkpoint_of(std::int64_t step, const at::Tensor& weights) {
  Checkpoint checkpoint;
  checkpoint.step = step;
  checkpoint.config = "train:\n  steps: 1\n";
  checkpoint.parts["student"].tensors.emplace_back("weight", weights);
  return checkpoint;
}

at::Tensor saved_weights(const std::filesystem::path& out, std::int64_t step) {
  return load_checkpoint(out / checkpoint_name(step)).part("student", "").tensors.front().second;
}

TEST(CheckpointWriter, SavesWhatTheWeightsWereBeforeTheUpdate) {
  const TemporaryFolder out;
  CheckpointWriter writer(out.path(), 2);
  at::Tensor weights = torch::arange(3'000'000, torch::kFloat);
  const at::Tensor before = weights.clone();
  for (std::int64_t step = 1; step <= 3; ++step) {
    writer.begin(checkpoint_of(step, weights), std::nullopt, Tensors::kTrained);
    writer.await_copy();
    weights += 1;  // the update
    writer.finish();
    EXPECT_TRUE(saved_weights(out.path(), step).equal(before + (step - 1)));
  }
  EXPECT_FALSE(std::filesystem::exists(out / checkpoint_name(1))) << "two stay";
}

TEST(CheckpointWriter, WhatIsCopiedAlreadyNeedsNoWait) {
  const TemporaryFolder out;
  CheckpointWriter writer(out.path(), 2);
  const at::Tensor weights = torch::ones({2, 3});
  writer.begin(checkpoint_of(1, weights), std::nullopt, Tensors::kCopied);
  writer.await_copy();
  writer.finish();
  EXPECT_TRUE(saved_weights(out.path(), 1).equal(weights));
}

TEST(CheckpointWriter, TheBestIsNamedOnceItsCheckpointIsThere) {
  const TemporaryFolder out;
  CheckpointWriter writer(out.path(), 1);
  writer.begin(checkpoint_of(7, torch::ones({1})), BestCheckpoint{checkpoint_name(7), "psnr", 30.5}, Tensors::kTrained);
  writer.finish();
  const auto best = read_best(out.path());
  ASSERT_TRUE(best);
  EXPECT_EQ(best->checkpoint, checkpoint_name(7));
  EXPECT_EQ(best->value, 30.5);
}

TEST(CheckpointWriter, SaysWhatWentWrongWhenItIsAskedAndGoesOn) {
  const TemporaryFolder folder;
  write_text(folder / "out", "no folder");
  CheckpointWriter writer(folder / "out", 1);
  writer.begin(checkpoint_of(1, torch::ones({1})), std::nullopt, Tensors::kTrained);
  writer.await_copy();
  EXPECT_THAT(error_of([&] { writer.finish(); }), HasSubstr((folder / "out").string()));
  writer.finish();  // said once
  std::filesystem::remove(folder / "out");
  writer.begin(checkpoint_of(1, torch::ones({1})), std::nullopt, Tensors::kTrained);
  writer.finish();
  EXPECT_TRUE(saved_weights(folder / "out", 1).equal(torch::ones({1})));
}

TEST(CheckpointWriter, FinishesWhatIsUnderWayAtItsEnd) {
  const TemporaryFolder out;
  {
    CheckpointWriter writer(out.path(), 1);
    writer.begin(checkpoint_of(1, torch::ones({2'000'000})), std::nullopt, Tensors::kTrained);
  }
  EXPECT_TRUE(saved_weights(out.path(), 1).equal(torch::ones({2'000'000})));
}

}  // namespace
}  // namespace samsr::testing
