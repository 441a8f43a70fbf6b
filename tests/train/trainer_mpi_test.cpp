// The loop of training on several ranks against the same on one.

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "comm/mpi_main.h"
#include "models/weights/safetensors.h"
#include "support/common_folder.h"
#include "train/toy_run.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;

TEST(TrainerOnRanks, LeavesTheWeightsOfOneRank) {
  Communicator& ranks = world();
  const CommonFolder folder(ranks);
  if (ranks.rank() == 0) {
    ToyRun(toy_config(folder.path(), "alone", 4), *make_single_communicator()).trainer.run();
  }
  ranks.barrier();
  ToyRun together(toy_config(folder.path(), "together", 4), ranks);
  together.trainer.run();
  for (const char* part : {"student", "ema", "critic"}) {
    const fs::path name = fs::path(checkpoint_name(4)) / checkpoint_file(part);
    const TensorFile one = read_safetensors(folder / "alone" / name);
    const TensorFile several = read_safetensors(folder / "together" / name);
    ASSERT_EQ(one.tensors.size(), several.tensors.size());
    for (std::size_t i = 0; i < one.tensors.size(); ++i) {
      EXPECT_TRUE(one.tensors[i].second.allclose(several.tensors[i].second, 1e-5, 1e-6)) << part;
    }
  }
}

TEST(TrainerOnRanks, SaveTogetherByTheClockOfRankZero) {
  Communicator& ranks = world();
  const CommonFolder folder(ranks);
  if (ranks.rank() == 0) {
    toy_config(folder.path(), "run", 1);
  }
  ranks.barrier();
  TrainConfig settings = toy_config(folder.path(), "run", 20);
  settings.train.checkpoint_every = 0;
  settings.train.checkpoint_minutes = {.number = ranks.rank() == 0 ? 1e-5 : 1e5};
  settings.train.keep = 20;
  ToyRun(settings, ranks).trainer.run();
  ranks.barrier();
  EXPECT_GE(checkpoint_folders(folder / "run").size(), 2U);
}

TEST(TrainerOnRanks, SkipWhatIsNotFiniteOnAnyOfThem) {
  Communicator& ranks = world();
  const CommonFolder folder(ranks);
  if (ranks.rank() == 0) {
    toy_config(folder.path(), "run", 1);
  }
  ranks.barrier();
  ToyRun toy(toy_config(folder.path(), "run", 2), ranks);
  toy.recipe().poisoned = 0;  // seen by rank 0 alone
  toy.recipe().calls.clear();
  toy.trainer.run();
  const auto& calls = toy.recipe().calls;
  const std::size_t next_step = calls.size() / 2;
  EXPECT_EQ(calls.front().weights, calls[next_step].weights);
}

}  // namespace
}  // namespace samsr::testing
