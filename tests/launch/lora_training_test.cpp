// train.lora.* through the program: every recipe, ranks, resumption, and what is made with the adapters afterwards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "launch/trained_runs.h"
#include "models/lora/adapter_file.h"
#include "models/weights/safetensors.h"
#include "support/files.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kLora = " train.lora.rank=4 train.lora.alpha=8 ";
constexpr const char* kPlainSamsr = "train.recipe=samsr semantic.loss=none ";

class LoraTraining : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    succeed(samsr("data export " + shared_shards() + " " + in("exported") + " --count 2"));
    succeed(samsr(lora("sinsr", "train.recipe=sinsr train.steps=10")));
    succeed(samsr(lora("teacher", teacher() + "train.steps=5")));
  }

  static std::string lora(const std::string& out, const std::string& more) { return train(out, kLora + more); }
  /// A teacher beside the shared one.
  static std::string teacher() { return "train.recipe=resshift train.init=" + shared_teacher().string() + " "; }

  static fs::path adapters_of(const std::string& out, int step) {
    return in(out) / checkpoint(step) / "ema.safetensors";
  }
  static std::string checkpoint(int step) {
    return "step-" + std::string(step < 10 ? "0000000" : "000000") + std::to_string(step);
  }

  /// The pictures that `upscale` with these arguments makes.
  static std::map<std::string, std::string> made(const std::string& out, const std::string& arguments) {
    succeed(samsr("upscale " + in("exported/lq") + " " + in(out) + " " + arguments));
    std::map<std::string, std::string> found = contents(in(out));
    std::erase_if(found, [](const auto& file) { return !file.first.ends_with(".png"); });
    EXPECT_EQ(found.size(), 2U);
    return found;
  }

  static void expect_refused(const std::string& arguments, const std::string& message) {
    const Outcome outcome = run(samsr(arguments));
    EXPECT_EQ(outcome.status, 2) << arguments << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(message));
  }
};

TEST_F(LoraTraining, EveryRecipeTrainsAdaptersAlone) {
  const std::tuple<const char*, const char*, std::string> recipes[] = {
      {"resshift", "teacher", teacher()},
      {"samsr", "sam_student", kPlainSamsr},
      {"tadsr", "student",
       "train.recipe=tadsr distill.lambda_hsd=1 distill.lambda_inverse=0 distill.lambda_gt=0 "
       "distill.lambda_adversarial=0.02 discriminator.c_dim=4 "},
      {"vpdsr", "student", "train.recipe=vpdsr distill.lambda_hfp=1 distill.lambda_ess=0 "},
      {"rsd", "rsd_student",
       "train.recipe=rsd rsd.lambda_lpips=0 rsd.lambda_gan=0 rsd.fake_steps=1 rsd.node_count=2 unet.noise_channels=1 "
       "'train.lora.targets=[attn.qkv, input_blocks.0.0]' "},
  };
  for (const auto& [name, kind, settings] : recipes) {
    const std::string out = std::string("every_") + name;
    const Outcome outcome = run(samsr(lora(out, settings + "train.steps=2 train.checkpoint_every=2")));
    ASSERT_EQ(outcome.status, 0) << name << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("rank 4, α 8 beside")) << name;
    for (const char* part : {"student", "ema"}) {
      const Adapters found =
          read_adapters(read_safetensors(in(out) / checkpoint(2) / (std::string(part) + ".safetensors")), name);
      EXPECT_EQ(found.rank, 4);
      EXPECT_EQ(found.file.metadata.at("kind"), kind);
    }
    EXPECT_LT(fs::file_size(adapters_of(out, 2)),
              fs::file_size(shared_teacher() / checkpoint(4) / "ema.safetensors") / 3);
    EXPECT_EQ(run(samsr("upscale " + in("exported/lq") + " " + in(out + "_made") + " --model " + in(out))).status, 0);
  }
}

TEST_F(LoraTraining, GivesTheSameLossesOnOneAndTwoRanks) {
  const std::string steps = std::string(kPlainSamsr) + "train.steps=20 train.checkpoint_every=100 train.eps=1e-4 ";
  const Outcome one = run(samsr(lora("one", steps + "train.microbatch=4")));
  const Outcome two = run(samsr_on(2, lora("two", steps + "train.microbatch=1")));
  ASSERT_EQ(one.status, 0) << one.output;
  ASSERT_EQ(two.status, 0) << two.output;
  const auto lines = metrics("one");
  ASSERT_EQ(lines.size(), 20U);
  expect_equal_figures(lines, metrics("two"), {"loss", "distill"}, 1e-5);
  EXPECT_NE(lines[0]["loss"], lines[1]["loss"]);
}

TEST_F(LoraTraining, ResumesBitForBit) {
  ASSERT_EQ(run(samsr(lora("resumed", "train.recipe=sinsr train.steps=5"))).status, 0);
  const Outcome resumed = run(samsr(lora("resumed", "train.recipe=sinsr train.steps=10")));
  ASSERT_EQ(resumed.status, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  expect_equal_checkpoints(in("sinsr") / checkpoint(10), in("resumed") / checkpoint(10));
  expect_refused(lora("resumed", "train.recipe=sinsr train.steps=12 train.lora.rank=3"), "train.lora.rank: 4 → 3");
  expect_refused(lora("resumed", "train.recipe=sinsr train.steps=12 train.lora.rank=0"), "train.lora.rank: 4 → 0");
  expect_refused(lora("resumed", "train.recipe=sinsr train.steps=12 train.init=" + in("teacher").string()),
                 "these adapters were trained beside");
}

TEST_F(LoraTraining, MergedModelAndAdaptersMakeTheSamePictures) {
  const auto by_run = made("by_run", "--model " + in("sinsr"));
  const auto by_adapters = made("by_adapters", "--model " + shared_teacher() + " --lora " + in("sinsr"));
  succeed(samsr("weights merge " + shared_teacher() + " " + in("merged.safetensors") + " --lora " + in("sinsr")));
  const auto by_merged = made("by_merged", "--model " + in("merged.safetensors"));
  EXPECT_EQ(by_run, by_adapters);
  EXPECT_EQ(by_run, by_merged);
  EXPECT_EQ(read_safetensors(in("merged.safetensors")).metadata.at("kind"), "student");
}

TEST_F(LoraTraining, AWeightOfZeroIsTheBaseAndWeightsAddUp) {
  const auto base = made("base", "--model " + shared_teacher());
  EXPECT_EQ(made("none", "--model " + shared_teacher() + " --lora " + in("teacher") + ":0"), base);
  const auto whole = made("whole", "--model " + shared_teacher() + " --lora " + in("teacher"));
  EXPECT_NE(whole, base);
  const std::string half = " --lora " + in("teacher").string() + ":0.5";
  succeed(samsr("weights merge " + shared_teacher() + " " + in("half.safetensors") + half));
  succeed(samsr("weights merge " + in("half.safetensors") + " " + in("halves.safetensors") + half));
  succeed(samsr("weights merge " + shared_teacher() + " " + in("once.safetensors") + " --lora " + in("teacher")));
  succeed(
      samsr("weights unmerge " + in("once.safetensors") + " " + in("again.safetensors") + " --lora " + in("teacher")));
  succeed(samsr("weights blend " + shared_teacher() + " " + in("teacher") + " " + in("blended.safetensors")));
  const auto weights = [](const fs::path& file) {
    const TensorFile read = read_safetensors(file);
    return std::map<std::string, at::Tensor>(read.tensors.begin(), read.tensors.end());
  };
  const auto expect_near = [&](const fs::path& one, const fs::path& other) {
    const auto expected = weights(other);
    for (const auto& [name, tensor] : weights(one)) {
      EXPECT_TRUE(tensor.allclose(expected.at(name), 1e-5, 1e-6)) << one << " " << name;
    }
  };
  expect_near(in("halves.safetensors"), in("once.safetensors"));
  expect_near(in("again.safetensors"), shared_teacher() / checkpoint(4) / "ema.safetensors");
  expect_near(in("blended.safetensors"), in("half.safetensors"));
  expect_refused("weights unmerge " + in("again.safetensors") + " " + in("x.safetensors") + " --lora " + in("teacher"),
                 "is not merged into it");
}

TEST_F(LoraTraining, EvalTakesThemForTheModelsOfAName) {
  const std::string out = in("report");
  succeed(samsr("eval --ref " + in("exported/gt") + " --lq " + in("exported/lq") + " --metrics psnr_y --out " + out +
                " --model base=" + shared_teacher() + " --model tuned=" + shared_teacher() +
                " --lora tuned=" + in("teacher") + ":0.5"));
  const std::string results = read_file(out + "/results.json");
  EXPECT_THAT(results, HasSubstr(" + 0.5 · "));
  expect_refused("eval --ref " + in("exported/gt") + " --lq " + in("exported/lq") + " --metrics psnr_y --out " + out +
                     "2 --model base=" + shared_teacher() + " --lora tuned=" + in("teacher"),
                 "there is no --model that is called tuned");
}

TEST_F(LoraTraining, AdaptersBeginWithOthersAndServeAsTeacherAndFirstWeights) {
  const Outcome begun =
      run(samsr(lora("begun", "train.recipe=sinsr train.steps=1 train.lora.init=" + in("sinsr").string())));
  ASSERT_EQ(begun.status, 0) << begun.output;
  EXPECT_THAT(begun.output, HasSubstr("first adapters"));
  const Outcome of_teacher = run(
      samsr(lora("of_teacher", "train.recipe=sinsr train.steps=1 train.teacher_weights=" + in("teacher").string())));
  ASSERT_EQ(of_teacher.status, 0) << of_teacher.output;
  EXPECT_EQ(
      run(samsr("upscale " + in("exported/lq") + " " + in("of_teacher_made") + " --model " + in("of_teacher"))).status,
      0)
      << "adapters beside adapters";
  const Outcome whole =
      run(samsr(train("whole", "train.recipe=sinsr train.steps=1 train.init=" + in("sinsr").string())));
  EXPECT_EQ(whole.status, 0) << whole.output;
}

TEST_F(LoraTraining, CachedRolloutsServeThem) {
  const fs::path shards = in("shards");
  fs::copy(shared_shards(), shards, fs::copy_options::recursive);
  succeed(samsr(build(shards, "--stage rollout train.recipe=sinsr rollout.count=1 train.teacher_weights=" +
                                  shared_teacher().string())));
  const Outcome cached = run(
      samsr(lora("cached", "train.recipe=sinsr train.steps=2 train.teacher=cached train.shards=" + shards.string())));
  EXPECT_EQ(cached.status, 0) << cached.output;
}

TEST_F(LoraTraining, ValidatesAndComputesInBf16WithRecomputation) {
  const Outcome outcome =
      run(samsr(lora("validated", std::string(kPlainSamsr) +
                                      "train.steps=2 train.precision=bf16 train.checkpoint_activations=true "
                                      "val.every=2 val.metrics=psnr_y val.lq=" +
                                      in("exported/lq").string() + " val.gt=" + in("exported/gt").string())));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("best so far"), HasSubstr("psnr_y")));
}

TEST_F(LoraTraining, WhatDoesNotFitIsSaidInOneLine) {
  const std::string upscale = "upscale " + in("exported/lq").string() + " " + in("wrong").string();
  expect_refused(upscale + " --lora " + in("sinsr").string(), "not beside the embedded student");
  expect_refused(upscale + " --model " + shared_teacher().string() + " --lora " + shared_teacher().string(),
                 "holds no adapters");
  expect_refused(upscale + " --model " + shared_teacher().string() + " --lora " + in("sinsr").string() + ":much",
                 "expected FILE, or FILE:WEIGHT");
  expect_refused(upscale + " --model " + shared_teacher().string() + " --lora " + in("sinsr").string() + " --lora " +
                     in("teacher").string(),
                 "adapters of different models");
  expect_refused(lora("wrong_run", "train.recipe=sinsr train.steps=1 'train.lora.targets=[attn.qvk]'"),
                 "did you mean 'attn.qkv'");
  expect_refused(lora("wrong_run", "train.recipe=coverage_net train.steps=1"), "takes no adapters");
  expect_refused(lora("wrong_run", "train.recipe=resshift train.steps=1"), "name trained ones (train.init=PATH)");
  expect_refused(lora("wrong_run", "train.recipe=sinsr train.steps=1 train.lora.init=" + in("teacher").string() +
                                       " train.lora.rank=3"),
                 "do not fit");
  fs::create_directories(in("alone"));
  fs::copy(adapters_of("sinsr", 10), in("alone/adapters.safetensors"));
  fs::rename(shared_teacher(), shared_teacher().string() + "-moved");
  const Outcome moved = run(samsr(upscale + " --model " + in("alone/adapters.safetensors")));
  fs::rename(shared_teacher().string() + "-moved", shared_teacher());
  EXPECT_EQ(moved.status, 2) << moved.output;
  EXPECT_THAT(moved.output, HasSubstr("holds adapters alone, and the model that they were trained beside is not at"));
}

}  // namespace
}  // namespace samsr::testing
