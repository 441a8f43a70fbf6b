// The loop of training, shown on a recipe of two tiny networks: order of moves, what each of them changes, steps that
// are not finite, what a checkpoint holds, resumption, what is logged.

#include "train/trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/error.h"
#include "models/weights/safetensors.h"
#include "support/json_lines.h"
#include "support/shards.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"
#include "train/toy_run.h"

namespace samsr::testing {
namespace {
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
namespace fs = std::filesystem;

constexpr const char* kParts[] = {"student", "ema", "optimizer", "critic", "critic-optimizer"};

class TrainerTest : public ::testing::Test {
 protected:
  TrainConfig config(const std::string& out, std::int64_t steps) const {
    return toy_config(folder_.path(), out, steps);
  }

  std::vector<nlohmann::json> metrics(const std::string& out) const {
    return read_json_lines(folder_ / out / "metrics.jsonl");
  }

  fs::path part(const std::string& out, std::int64_t step, const std::string& name) const {
    return folder_ / out / checkpoint_name(step) / (name + ".safetensors");
  }

  TemporaryFolder folder_;
  const std::unique_ptr<Communicator> alone_ = make_single_communicator();
};

TEST_F(TrainerTest, MakesTheMovesInOrderEachOnItsBatch) {
  ToyRun toy(config("run", 2), *alone_);
  toy.recipe().calls.clear();  // of the count of memory
  toy.trainer.run();
  const std::vector<ToyRecipe::Call>& calls = toy.recipe().calls;
  ASSERT_EQ(calls.size(), 12U) << "2 steps of 3 moves in 2 passes";
  for (std::size_t step = 0; step < 2; ++step) {
    std::uint64_t position = 8 * step;
    for (std::size_t move = 0; move < 3; ++move) {
      for (std::size_t pass = 0; pass < 2; ++pass) {
        const ToyRecipe::Call& call = calls[6 * step + 2 * move + pass];
        EXPECT_EQ(call.trainable, move == 2 ? ToyRecipe::kStudent : ToyRecipe::kCritic);
        const std::uint64_t first = position + (move == 0 ? 0 : 4) + 2 * pass;
        EXPECT_THAT(call.positions, ElementsAre(first, first + 1)) << "step " << step << ", move " << move;
        EXPECT_EQ(call.with_gradients[ToyRecipe::kStudent], move == 2);
        EXPECT_EQ(call.with_gradients[ToyRecipe::kCritic], move != 2);
      }
    }
  }
  EXPECT_EQ(toy.run.position, 16U);
}

TEST_F(TrainerTest, AMoveChangesItsOwnNetworkAlone) {
  ToyRun toy(config("run", 1), *alone_);
  toy.recipe().calls.clear();
  toy.trainer.run();
  const std::vector<ToyRecipe::Call>& calls = toy.recipe().calls;
  EXPECT_NE(calls[0].weights[ToyRecipe::kCritic], calls[2].weights[ToyRecipe::kCritic])
      << "updated between the first two moves";
  EXPECT_NE(calls[2].weights[ToyRecipe::kCritic], calls[4].weights[ToyRecipe::kCritic]);
  EXPECT_EQ(calls[0].weights[ToyRecipe::kStudent], calls[4].weights[ToyRecipe::kStudent]) << "the student moves last";
}

TEST_F(TrainerTest, WhatIsNotFiniteStopsItsMoveAndThoseBehindIt) {
  TrainConfig settings = config("run", 2);
  settings.train.max_bad_steps = 3;
  ToyRun toy(settings, *alone_);
  toy.recipe().calls.clear();
  toy.recipe().poisoned = 5;  // in the second move of the first step
  toy.trainer.run();
  const std::vector<ToyRecipe::Call>& calls = toy.recipe().calls;
  EXPECT_NE(calls[0].weights[ToyRecipe::kCritic], calls[2].weights[ToyRecipe::kCritic]) << "the first move was finite";
  EXPECT_EQ(calls[2].weights[ToyRecipe::kCritic], calls[6].weights[ToyRecipe::kCritic]);
  EXPECT_EQ(calls[0].weights[ToyRecipe::kStudent], calls[6].weights[ToyRecipe::kStudent])
      << "the student's move was behind it";
  const auto lines = metrics("run");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[0].value("skipped", false));
  EXPECT_FALSE(lines[1].contains("skipped"));
  EXPECT_THAT(toy.said.str(), HasSubstr("step 1: critic_hinge is not finite"));
}

TEST_F(TrainerTest, GivesUpAfterTooManyStepsThatAreNotFinite) {
  TrainConfig settings = config("run", 5);
  settings.train.max_bad_steps = 0;
  ToyRun toy(settings, *alone_);
  toy.recipe().poisoned = 1;
  EXPECT_THAT(error_of([&] { toy.trainer.run(); }), HasSubstr("not finite; there is no checkpoint;"));
}

TEST_F(TrainerTest, ARunWhoseLastStepIsNotFiniteEndsWithItsNewestCheckpoint) {
  TrainConfig settings = config("run", 1);
  {
    ToyRun toy(settings, *alone_);
    toy.recipe().poisoned = 5;
    const std::string said = error_of([&] { toy.trainer.run(); });
    EXPECT_THAT(said, HasSubstr("the last step was not finite"));
    EXPECT_THAT(said, HasSubstr("nothing after step 0 is saved: there is no checkpoint;"));
    EXPECT_THAT(toy.said.str(), Not(HasSubstr("done at step")));
  }
  ToyRun(settings, *alone_).trainer.run();
  settings.train.steps = 3;
  const std::string newest = "nothing after step 1 is saved: the newest checkpoint is ";
  const std::string first = folder_ / "run" / checkpoint_name(1);
  {
    ToyRun toy(settings, *alone_);
    toy.recipe().poisoned = 23;
    EXPECT_THAT(error_of([&] { toy.trainer.run(); }), HasSubstr(newest + first + ";")) << "a good step and a bad one";
  }
  settings.train.out = folder_ / "elsewhere";
  settings.train.resume = first;
  ToyRun toy(settings, *alone_);
  toy.recipe().poisoned = 23;
  EXPECT_THAT(error_of([&] { toy.trainer.run(); }), HasSubstr(newest + first + ";")) << "of another folder";
}

TEST_F(TrainerTest, ACheckpointHoldsThePartsOfEveryTrainable) {
  ToyRun toy(config("run", 1), *alone_);
  toy.trainer.run();
  const Checkpoint checkpoint = load_checkpoint(folder_ / "run" / checkpoint_name(1));
  std::vector<std::string> names;
  for (const auto& [name, tensors] : checkpoint.parts) {
    names.push_back(name);
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(kParts));
  EXPECT_EQ(checkpoint.position, 8U);
}

TEST_F(TrainerTest, ResumesBitForBit) {
  TrainConfig settings = config("straight", 6);
  settings.train.checkpoint_every = 3;
  settings.train.optimizer.clip = 0.5;
  ToyRun(settings, *alone_).trainer.run();
  settings.train.out = folder_ / "resumed";
  settings.train.steps = 3;
  ToyRun(settings, *alone_).trainer.run();
  settings.train.steps = 6;
  ToyRun second(settings, *alone_);
  EXPECT_EQ(second.run.step, 3);
  EXPECT_EQ(second.run.position, 24U);
  second.trainer.run();
  for (const char* name : kParts) {
    const TensorFile straight = read_safetensors(part("straight", 6, name));
    const TensorFile resumed = read_safetensors(part("resumed", 6, name));
    ASSERT_EQ(straight.tensors.size(), resumed.tensors.size());
    for (std::size_t i = 0; i < straight.tensors.size(); ++i) {
      EXPECT_EQ(straight.tensors[i].first, resumed.tensors[i].first);
      EXPECT_TRUE(straight.tensors[i].second.equal(resumed.tensors[i].second))
          << name << " " << straight.tensors[i].first;
    }
  }
}

TEST_F(TrainerTest, CheckpointsByTheClockChangeNoBit) {
  TrainConfig settings = config("by_steps", 40);
  settings.train.checkpoint_every = 3;
  ToyRun(settings, *alone_).trainer.run();
  settings.train.out = folder_ / "by_clock";
  settings.train.checkpoint_every = 0;
  settings.train.checkpoint_minutes = {.best = true};
  settings.train.hours_between_failures = 1e-6;
  settings.train.keep = 40;
  {
    settings.train.steps = 30;
    ToyRun first(settings, *alone_);
    first.trainer.run();
    EXPECT_THAT(first.said.str(), HasSubstr("checkpoint as often as pays where one of 1 host fails every 0 s"));
    EXPECT_THAT(first.said.str(), ::testing::ContainsRegex("checkpoints: one costs [0-9.]+ s of training, a failure is "
                                                           "expected every 0 s: one every 0 s"));
  }
  EXPECT_GE(checkpoint_folders(folder_ / "by_clock").size(), 3U);
  const auto lines = metrics("by_clock");
  EXPECT_GT(lines.back().at("checkpoint_minutes"), 0);
  const auto waited = [](const nlohmann::json& line) { return line.contains("checkpoint_wait_ms"); };
  EXPECT_GE(std::ranges::count_if(lines, waited), 2);
  EXPECT_LT(std::ranges::count_if(lines, waited), 30);
  EXPECT_TRUE(std::ranges::any_of(lines, [](const auto& line) { return line.contains("checkpoint_cost_ms"); }));
  settings.train.steps = 40;
  ToyRun(settings, *alone_).trainer.run();
  for (const char* name : kParts) {
    EXPECT_EQ(read_file(part("by_steps", 40, name)), read_file(part("by_clock", 40, name))) << name;
  }
}

TEST_F(TrainerTest, CheckpointsWrittenBehindAreThoseThatTrainingWaitsFor) {
  for (const bool behind : {false, true}) {
    TrainConfig settings = config(behind ? "behind" : "waiting", 5);
    settings.train.checkpoint_every = 1;
    settings.train.keep = 5;
    settings.train.checkpoint_behind = behind;
    ToyRun toy(settings, *alone_);
    toy.trainer.run();
    EXPECT_EQ(toy.run.newest, folder_ / settings.train.out / checkpoint_name(5));
  }
  for (std::int64_t step = 1; step <= 5; ++step) {
    for (const char* name : kParts) {
      EXPECT_EQ(read_file(part("behind", step, name)), read_file(part("waiting", step, name))) << step << " " << name;
    }
  }
}

TEST_F(TrainerTest, WeightsBeyondAllBoundsAreNotSaved) {
  for (const double value : {HUGE_VAL, -HUGE_VAL, std::nan("")}) {
    ToyRun toy(config("run", 1), *alone_);
    const std::size_t trainable = value > 0 ? ToyRecipe::kStudent : ToyRecipe::kCritic;
    toy.run.recipe->trainables()[trainable].network->parameters().front().data().fill_(value);
    EXPECT_THAT(error_of([&] { toy.run.save(); }), HasSubstr("have grown beyond all bounds by step 0"));
    EXPECT_FALSE(fs::exists(folder_ / "run" / checkpoint_name(0)));
  }
}

TEST_F(TrainerTest, ACheckpointWithNumbersThatAreNotFiniteIsRefused) {
  ToyRun(config("run", 1), *alone_).trainer.run();
  const Checkpoint whole = load_checkpoint(folder_ / "run" / checkpoint_name(1));
  for (const char* name : kParts) {
    Checkpoint checkpoint = whole;
    auto& [tensor, numbers] = checkpoint.parts[name].tensors.back();
    numbers = numbers.clone().fill_(std::nan(""));
    save_checkpoint(folder_ / "run", checkpoint, 1);
    EXPECT_THAT(error_of([&] { ToyRun toy(config("run", 2), *alone_); }),
                HasSubstr(std::string(name) + ".safetensors: tensor '" + tensor + "' holds"));
  }
}

TEST_F(TrainerTest, OtherDataOfTheSameSizeNeedTheCheckpointsName) {
  ToyRun(config("run", 1), *alone_).trainer.run();
  fs::remove_all(folder_ / "shards");
  write_numbered_set(folder_ / "shards", 20, 5, /*latents=*/false, /*begin=*/3);
  const fs::path checkpoint = folder_ / "run" / checkpoint_name(1);
  EXPECT_EQ(
      error_of([&] { ToyRun toy(config("run", 2), *alone_); }),
      checkpoint.string() +
          ": is of another training ('coverage' of the shards: other samples; 'lr' of the shards: other samples); "
          "give what it was trained with, or train.resume=" +
          checkpoint.string() + " to go on all the same, or train.resume=never to begin anew");
  TrainConfig named = config("run", 2);
  named.train.resume = checkpoint;
  {
    ToyRun toy(named, *alone_);
    EXPECT_THAT(toy.said.str(), HasSubstr("goes on all the same"));
    toy.trainer.run();
  }
  EXPECT_EQ(ToyRun(config("run", 3), *alone_).run.step, 2) << "the next checkpoint is of these data";
}

TEST_F(TrainerTest, AStageMoreInTheShardsIsTheSameTraining) {
  ToyRun(config("run", 1), *alone_).trainer.run();
  fs::remove_all(folder_ / "shards");
  write_numbered_set(folder_ / "shards", 20, 5, /*latents=*/true);
  TrainConfig settings = config("run", 2);
  settings.model.first_stage.autoencoder.embed_dim = 5;  // channels of these latents
  EXPECT_EQ(ToyRun(settings, *alone_).run.step, 1);
}

TEST_F(TrainerTest, AnotherSeedOrMeaningNeedsTheCheckpointsName) {
  TrainConfig first = config("run", 1);
  first.resolved = "train: {recipe: toy, lr: 1, steps: 1}\nsamsr: {m: 0.1}\nunet: {dropout: 0}\n";
  ToyRun(first, *alone_).trainer.run();
  const auto refusal_with = [&](std::uint64_t seed, const std::string& resolved) {
    TrainConfig settings = config("run", 2);
    settings.train.seed = seed;
    settings.resolved = resolved;
    return error_of([&] { ToyRun toy(settings, *alone_); });
  };
  const std::uint64_t seed = first.train.seed;
  EXPECT_THAT(refusal_with(seed + 1, first.resolved), HasSubstr(fmt::format("(train.seed: {} → {})", seed, seed + 1)));
  EXPECT_THAT(refusal_with(seed, "samsr: {m: 0.2}\nunet: {dropout: 0}\ntrain: {recipe: toy}"),
              HasSubstr("(samsr.m: 0.1 → 0.2)"));
  EXPECT_THAT(refusal_with(seed, "unet: {dropout: 0.1}"), HasSubstr("unet.dropout: 0 → 0.1"));
  EXPECT_THAT(refusal_with(seed, "train: {recipe: sinsr}"), HasSubstr("train.recipe: toy → sinsr"));
  EXPECT_EQ(refusal_with(seed, "train: {recipe: toy, lr: 2, steps: 2}\nsamsr: {m: 0.1, new: 1}\n"), "no error");
}

TEST_F(TrainerTest, ACheckpointOfAnEarlierVersionGoesOn) {
  ToyRun(config("run", 1), *alone_).trainer.run();
  Checkpoint checkpoint = load_checkpoint(folder_ / "run" / checkpoint_name(1));
  checkpoint.data.clear();
  save_checkpoint(folder_ / "run", checkpoint, 1);
  const ToyRun toy(config("run", 2), *alone_);
  EXPECT_EQ(toy.run.step, 1);
  EXPECT_THAT(toy.said.str(), HasSubstr("does not say which data"));
}

TEST_F(TrainerTest, ACheckpointThatLacksAPartIsRefused) {
  ToyRun(config("run", 1), *alone_).trainer.run();
  Checkpoint checkpoint = load_checkpoint(folder_ / "run" / checkpoint_name(1));
  checkpoint.parts.erase("critic-optimizer");
  save_checkpoint(folder_ / "run", checkpoint, 1);
  EXPECT_THAT(error_of([&] { ToyRun toy(config("run", 2), *alone_); }), HasSubstr("critic-optimizer.safetensors"));
}

TEST_F(TrainerTest, LogsEveryTrainableUnderItsName) {
  ToyRun(config("run", 2), *alone_).trainer.run();
  const auto lines = metrics("run");
  for (const char* key : {"loss", "fit", "adversarial", "critic_loss", "critic_hinge", "lr", "grad_norm", "critic_lr",
                          "critic_grad_norm"}) {
    EXPECT_TRUE(lines[1].contains(key)) << key;
  }
  EXPECT_EQ(lines[1]["lr"], 0.05);
  EXPECT_EQ(lines[1]["critic_lr"], 0.025);
  EXPECT_NEAR(lines[1]["loss"].get<double>(),
              2 * lines[1]["fit"].get<double>() + 0.1 * lines[1]["adversarial"].get<double>(), 1e-6);
  EXPECT_FALSE(lines[1].contains("grad_fit"));
}

TEST_F(TrainerTest, LogsTheGradientOfEachTermInEveryNthStep) {
  TrainConfig settings = config("run", 4);
  settings.train.log_term_gradients = 2;
  settings.train.microbatch = 1;  // the same figures as from one pass
  ToyRun toy(settings, *alone_);
  const at::Tensor weight = toy.run.recipe->trainables()[ToyRecipe::kCritic].network->named_parameters()["weight"];
  toy.trainer.run();
  const auto lines = metrics("run");
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(lines[i].contains("grad_fit"), i % 2 == 1) << i;
    EXPECT_EQ(lines[i].contains("grad_adversarial"), i % 2 == 1) << i;
    EXPECT_FALSE(lines[i].contains("critic_grad_hinge")) << "it names no prediction";
  }
  // Of 2 · mean square over 3 colours and 4 samples: 2 · 2/3 · |made - wanted| / 4, and |made - wanted|² = 3 · 4 · fit.
  EXPECT_NEAR(lines[3]["grad_fit"].get<double>(), std::sqrt(12 * lines[3]["fit"].get<double>()) / 3,
              1e-5 * lines[3]["grad_fit"].get<double>());
  // The critic is linear: each sample's gradient is its weight, 0.1 / 4 of it, of four samples.
  EXPECT_NEAR(lines[3]["grad_adversarial"].get<double>(), 0.1 / 4 * 2 * weight.norm().item<double>(), 1e-6);
}

TEST_F(TrainerTest, ClipsTheGradientToItsLargestNorm) {
  TrainConfig settings = config("run", 1);
  settings.train.optimizer.clip = 0.25;
  ToyRun toy(settings, *alone_);
  TrainableState& student = toy.run.states.front();
  for (const double size : {10.0, 0.01}) {
    for (const at::Tensor& parameter : student.parameters()) {
      parameter.mutable_grad() = torch::full_like(parameter, size);
    }
    const at::Tensor before = student.gradient_norm();
    student.clip(before);
    EXPECT_NEAR(student.gradient_norm().item<double>(), std::min(0.25, before.item<double>()), 1e-6);
  }
}

TEST_F(TrainerTest, MemoryCountsEveryTrainable) {
  ToyRun toy(config("run", 1), *alone_);
  double weights = 0;
  double averages = 0;
  for (const auto& [name, mb] : toy.run.memory.parts) {
    weights += name == "weights" ? mb : 0;
    averages += name == "averaged weights" ? mb : 0;
  }
  EXPECT_NEAR(weights * 1e6, 4 * (12 + 4), 1e-6);
  EXPECT_NEAR(averages * 1e6, 4 * 12, 1e-6);
}

TEST_F(TrainerTest, AnUnknownRecipeIsRefusedWithTheNamesOfTheTable) {
  TrainConfig settings = config("run", 1);
  settings.train.recipe = "tou";
  EXPECT_THAT(error_of([&] { ToyRun toy(settings, *alone_); }), HasSubstr("expected one of toy"));
}

}  // namespace
}  // namespace samsr::testing
