// Benchmarks, models and folders of results through `samsr eval`.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "program.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

nlohmann::json results_in(const std::string& folder) {
  return nlohmann::json::parse(read_file(fs::path(folder) / "results.json"));
}

std::vector<std::string> methods_of(const nlohmann::json& results) {
  std::vector<std::string> names;
  for (const auto& method : results.at("methods")) {
    names.push_back(method.at("name"));
  }
  return names;
}

class EvalVerb : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder("eval_verb");
    ASSERT_EQ(build_shards(*folder_).status, 0);
    const Outcome trained =
        run(samsr("train" + std::string(kTinySettings) +
                  "train.recipe=resshift train.steps=2 train.global_batch=2 train.shards=" + (*folder_ / "shards") +
                  " train.out=" + (*folder_ / "teacher")));
    ASSERT_EQ(trained.status, 0) << trained.output;
    ASSERT_EQ(run(samsr("data export " + (*folder_ / "shards") + " " + (*folder_ / "exported") + " --count 5")).status,
              0);
    fs::create_directories(fs::path(*folder_ / "pairs"));
    fs::rename(fs::path(*folder_ / "exported/lq"), fs::path(*folder_ / "pairs/lq"));
    fs::rename(fs::path(*folder_ / "exported/gt"), fs::path(*folder_ / "pairs/gt"));
    fs::copy(fs::path(*folder_ / "pairs/lq"), fs::path(*folder_ / "wild"));
    // What some other program made: the references themselves, for both sets.
    for (const char* set : {"pairs", "wild"}) {
      fs::create_directories(fs::path(*folder_ / "other"));
      fs::copy(fs::path(*folder_ / "pairs/gt"), fs::path(*folder_ / ("other/" + std::string(set))));
    }
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  static TemporaryFolder* folder_;
};

TemporaryFolder* EvalVerb::folder_ = nullptr;

TEST_F(EvalVerb, SeveralModelsAndSetsInOneCall) {
  const Outcome outcome =
      run(samsr("eval --benchmark " + (*folder_ / "pairs") + " --benchmark rough=" + (*folder_ / "wild") + " --model " +
                (*folder_ / "teacher") + " --model rollout=" + (*folder_ / "teacher") +
                " --metrics psnr_y,ssim_rgb,psnr_rgb --out " + (*folder_ / "failed")));
  EXPECT_EQ(outcome.status, 2) << "no metric is left for the set without references";
  EXPECT_THAT(outcome.output, HasSubstr("compare with a reference"));

  const Outcome both =
      run(samsr("eval --benchmark " + (*folder_ / "pairs") + " --benchmark " + (*folder_ / "wild") + " --model " +
                (*folder_ / "teacher") + " --model again=" + (*folder_ / "teacher") +
                " --pred third=" + (*folder_ / "other") + " --metrics psnr_y,niqe --out " + (*folder_ / "both")));
  ASSERT_EQ(both.status, 0) << both.output;
  const std::vector<std::string> expected{"bicubic", "third", "teacher", "again"};
  const nlohmann::json pairs = results_in(*folder_ / "both/pairs");
  EXPECT_EQ(methods_of(pairs), expected);
  EXPECT_EQ(pairs.at("benchmark"), "pairs");
  EXPECT_GT(pairs.at("methods")[1].at("mean").at("psnr_y"), 100) << "the references against themselves";
  EXPECT_EQ(pairs.at("methods")[2].at("per_image"), pairs.at("methods")[3].at("per_image"))
      << "the same weights and seed";
  const nlohmann::json wild = results_in(*folder_ / "both/wild");
  EXPECT_EQ(methods_of(wild), expected);
  EXPECT_EQ(wild.at("metrics").size(), 1U) << "no PSNR without references";
  EXPECT_THAT(both.output, HasSubstr("wild: no psnr_y, for want of references"));
  EXPECT_EQ(list_images(*folder_ / "both/pairs/pictures/teacher").size(), 5U);
  EXPECT_THAT(read_file(*folder_ / "both/report.html"), AllOf(HasSubstr("pairs"), HasSubstr("wild")));
  const std::string table = read_file(*folder_ / "both/results.md");
  EXPECT_THAT(both.output, HasSubstr(table)) << "one table of all sets";
  EXPECT_THAT(table, AllOf(HasSubstr("pairs"), HasSubstr("wild"), HasSubstr("third"), HasSubstr("again")));
}

TEST_F(EvalVerb, TheRanksShareTheImagesAndAgree) {
  const auto evaluated = [&](int ranks, const std::string& name) {
    const std::string arguments = "eval --benchmark " + (*folder_ / "pairs") + " --model " + (*folder_ / "teacher") +
                                  " --metrics psnr_y,ssim_y,niqe --out " + (*folder_ / name);
    const Outcome outcome = run(ranks == 1 ? samsr(arguments) : samsr_on(ranks, arguments));
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    return results_in(*folder_ / name).at("methods");
  };
  const nlohmann::json one = evaluated(1, "ranks1");
  const nlohmann::json three = evaluated(3, "ranks3");
  ASSERT_EQ(one.size(), 2U);
  for (std::size_t m = 0; m < 2; ++m) {
    EXPECT_EQ(one[m].at("per_image"), three[m].at("per_image"));
  }
}

TEST_F(EvalVerb, MissingWeightsOfAMetricAreSaidAndTheOthersComputed) {
  const Outcome outcome =
      run("SAMSR_WEIGHTS=" + (*folder_ / "no_weights") + " TORCH_HOME=" + (*folder_ / "no_torch") +
          " XDG_CACHE_HOME=" + (*folder_ / "no_cache") + " " +
          samsr("eval --ref " + (*folder_ / "pairs/gt") + " --pred third=" + (*folder_ / "other/pairs") +
                " --metrics psnr_y,lpips,musiq --out " + (*folder_ / "weightless")));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("alexnet-owt-7be5be79.pth is missing"), HasSubstr("musiq_koniq_ckpt"),
                                    HasSubstr("https://"), HasSubstr("no_weights")));
  EXPECT_EQ(results_in(*folder_ / "weightless").at("metrics").size(), 1U);
}

TEST_F(EvalVerb, WhatIsMissingFromABenchmarkIsSaidAndTheRestComputedOnRequest) {
  const std::string arguments =
      "eval --benchmark realset65=" + (*folder_ / "wild") + " --metrics niqe --out " + (*folder_ / "partial");
  const Outcome refused = run(samsr(arguments));
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.output, HasSubstr("RealSet65"));
  EXPECT_THAT(refused.output, HasSubstr("5 images instead of 65"));
  EXPECT_FALSE(fs::exists(fs::path(*folder_ / "partial/results.json")));
  const Outcome partial = run(samsr(arguments + " --keep-going"));
  EXPECT_EQ(partial.status, 2) << "what is missing stays a mistake";
  EXPECT_THAT(partial.output, HasSubstr("5 images instead of 65"));
  EXPECT_EQ(results_in(*folder_ / "partial").at("methods")[0].at("images"), 5);
}

TEST_F(EvalVerb, MistakesInResultsAreSaidAndTheRestComputedOnRequest) {
  const fs::path broken(*folder_ / "broken");
  fs::copy(fs::path(*folder_ / "pairs/gt"), broken);
  const std::vector<fs::path> images = list_images(broken);
  fs::remove(images[0]);
  write_png(images[1], read_image(images[1]).rgb(cv::Rect(0, 0, 20, 20)).clone());
  std::ofstream(broken / "readme.txt") << "x";
  fs::create_directories(fs::path(*folder_ / "empty"));
  const std::string arguments = "eval --ref " + (*folder_ / "pairs/gt") + " --pred " + (*folder_ / "broken") +
                                " --pred " + (*folder_ / "empty") + " --metrics psnr_y --out " + (*folder_ / "mended");
  const Outcome refused = run(samsr(arguments));
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.output, HasSubstr("readme.txt"));
  const Outcome survived = run(samsr_on(2, arguments + " --keep-going"));
  EXPECT_EQ(survived.status, 2);
  EXPECT_THAT(survived.output, AllOf(HasSubstr("readme.txt"), HasSubstr("missing"), HasSubstr("differ in size"),
                                     HasSubstr("holds no image"), HasSubstr("4 problems")));
  const nlohmann::json results = results_in(*folder_ / "mended");
  ASSERT_EQ(results.at("methods").size(), 1U);
  EXPECT_EQ(results.at("methods")[0].at("counted").at("psnr_y"), 3);
}

TEST_F(EvalVerb, WrongArgumentsAreNamed) {
  const auto refused = [&](const std::string& arguments, const std::string& said) {
    const Outcome outcome = run(samsr("eval " + arguments + " --out " + (*folder_ / "none")));
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.output, HasSubstr(said));
  };
  refused("--benchmark realsf --metrics niqe", "did you mean 'realsr'");
  refused("--benchmark realsr --metrics niqe eval.benchmarks=" + (*folder_ / "nothing"),
          "nothing/RealSR: it is published at https://");
  refused("--benchmark realsr=" + (*folder_ / "nowhere") + " --metrics niqe", "nowhere is no folder");
  refused("--metrics niqe", "nothing to evaluate");
  refused("--benchmark " + (*folder_ / "pairs") + " --ref x --metrics niqe", "leave out --ref and --lq");
  refused("--benchmark a=" + (*folder_ / "pairs") + " --benchmark a=" + (*folder_ / "wild") + " --metrics niqe",
          "two benchmarks are called 'a'");
  refused("--ref " + (*folder_ / "pairs/gt") + " --model " + (*folder_ / "teacher") + " --metrics niqe", "--lq");
  refused("--lq " + (*folder_ / "pairs/lq") + " --model nobody.pth --metrics niqe", "nobody.pth");
  refused("--lq " + (*folder_ / "pairs/lq") + " --pred bicubic=" + (*folder_ / "other/pairs") + " --metrics niqe",
          "two methods are called 'bicubic'");
}

}  // namespace
}  // namespace samsr::testing
