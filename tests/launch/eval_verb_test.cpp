// Benchmarks, models and folders of results through `samsr eval`.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "launch/trained_runs.h"
#include "support/files.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

nlohmann::json results_in(const fs::path& folder) { return nlohmann::json::parse(read_file(folder / "results.json")); }

std::vector<std::string> methods_of(const nlohmann::json& results) {
  std::vector<std::string> names;
  for (const auto& method : results.at("methods")) {
    names.push_back(method.at("name"));
  }
  return names;
}

class EvalVerb : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    succeed(samsr("data export " + shared_shards() + " " + in("exported") + " --count 5"));
    fs::create_directories(in("pairs"));
    fs::rename(in("exported/lq"), in("pairs/lq"));
    fs::rename(in("exported/gt"), in("pairs/gt"));
    fs::copy(in("pairs/lq"), in("wild"));
    // What some other program made: the references themselves, for both sets.
    for (const char* set : {"pairs", "wild"}) {
      fs::create_directories(in("other"));
      fs::copy(in("pairs/gt"), in("other/" + std::string(set)));
    }
  }
};

TEST_F(EvalVerb, SeveralModelsAndSetsInOneCall) {
  const Outcome outcome = run(samsr("eval --benchmark " + in("pairs") + " --benchmark rough=" + in("wild") +
                                    " --model " + shared_teacher() + " --model rollout=" + shared_teacher() +
                                    " --metrics psnr_y,ssim_rgb,psnr_rgb --out " + in("failed")));
  EXPECT_EQ(outcome.status, 2) << "no metric is left for the set without references";
  EXPECT_THAT(outcome.output, HasSubstr("compare with a reference"));

  const Outcome both = run(samsr("eval --benchmark " + in("pairs") + " --benchmark " + in("wild") + " --model " +
                                 shared_teacher() + " --model again=" + shared_teacher() +
                                 " --pred third=" + in("other") + " --metrics psnr_y,niqe --out " + in("both")));
  EXPECT_EQ(both.status, 2) << both.output;
  EXPECT_THAT(both.output, HasSubstr("asked for and not measured: niqe of bicubic on pairs")) << "they are too small";
  const std::vector<std::string> expected{"bicubic", "third", "teacher", "again"};
  const nlohmann::json pairs = results_in(in("both/pairs"));
  EXPECT_EQ(methods_of(pairs), expected);
  EXPECT_EQ(pairs.at("benchmark"), "pairs");
  EXPECT_GT(pairs.at("methods")[1].at("mean").at("psnr_y"), 100) << "the references against themselves";
  EXPECT_EQ(pairs.at("methods")[2].at("per_image"), pairs.at("methods")[3].at("per_image"))
      << "the same weights and seed";
  const nlohmann::json wild = results_in(in("both/wild"));
  EXPECT_EQ(methods_of(wild), expected);
  EXPECT_EQ(wild.at("metrics").size(), 1U) << "no PSNR without references";
  EXPECT_THAT(both.output, HasSubstr("wild: no psnr_y, for want of references"));
  EXPECT_EQ(list_images(in("both/pairs/pictures/teacher")).size(), 5U);
  EXPECT_THAT(read_file(in("both/report.html")), AllOf(HasSubstr("pairs"), HasSubstr("wild")));
  const std::string table = read_file(in("both/results.md"));
  EXPECT_THAT(both.output, HasSubstr(table)) << "one table of all sets";
  EXPECT_THAT(table, AllOf(HasSubstr("pairs"), HasSubstr("wild"), HasSubstr("third"), HasSubstr("again")));
}

TEST_F(EvalVerb, TheRanksShareTheImagesAndAgree) {
  const auto evaluated = [&](int ranks, const std::string& name) {
    const std::string arguments = "eval --benchmark " + in("pairs") + " --model " + shared_teacher() +
                                  " --metrics psnr_y,ssim_y --out " + in(name);
    const Outcome outcome = run(ranks == 1 ? samsr(arguments) : samsr_on(ranks, arguments));
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    return results_in(in(name)).at("methods");
  };
  const nlohmann::json one = evaluated(1, "ranks1");
  const nlohmann::json three = evaluated(3, "ranks3");
  ASSERT_EQ(one.size(), 2U);
  for (std::size_t m = 0; m < 2; ++m) {
    EXPECT_EQ(one[m].at("per_image"), three[m].at("per_image"));
  }
}

TEST_F(EvalVerb, MissingWeightsOfAMetricAreSaidAndTheOthersComputed) {
  const Outcome outcome = run("SAMSR_WEIGHTS=" + in("no_weights") + " TORCH_HOME=" + in("no_torch") +
                              " XDG_CACHE_HOME=" + in("no_cache") + " " +
                              samsr("eval --ref " + in("pairs/gt") + " --pred third=" + in("other/pairs") +
                                    " --metrics psnr_y,lpips,musiq --out " + in("weightless")));
  EXPECT_EQ(outcome.status, 2) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("asked for and not measured: lpips, musiq; what could be measured is in"));
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("alexnet-owt-7be5be79.pth is missing"), HasSubstr("musiq_koniq_ckpt"),
                                    HasSubstr("https://"), HasSubstr("no_weights")));
  EXPECT_EQ(results_in(in("weightless")).at("metrics").size(), 1U);
}

TEST_F(EvalVerb, WhatIsMissingFromABenchmarkIsSaidAndTheRestComputedOnRequest) {
  const std::string arguments = "eval --benchmark realset65=" + in("wild") + " --metrics niqe --out " + in("partial");
  const Outcome refused = run(samsr(arguments));
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.output, HasSubstr("RealSet65"));
  EXPECT_THAT(refused.output, HasSubstr("5 images instead of 65"));
  EXPECT_FALSE(fs::exists(in("partial/results.json")));
  const Outcome partial = run(samsr(arguments + " --keep-going"));
  EXPECT_EQ(partial.status, 2) << "what is missing stays a mistake";
  EXPECT_THAT(partial.output, HasSubstr("5 images instead of 65"));
  EXPECT_EQ(results_in(in("partial")).at("methods")[0].at("images"), 5);
}

TEST_F(EvalVerb, MistakesInResultsAreSaidAndTheRestComputedOnRequest) {
  const fs::path broken = in("broken");
  fs::copy(in("pairs/gt"), broken);
  const std::vector<fs::path> images = list_images(broken);
  fs::remove(images[0]);
  write_png(images[1], read_image(images[1]).rgb(cv::Rect(0, 0, 20, 20)).clone());
  write_text(broken / "readme.txt", "x");
  fs::create_directories(in("empty"));
  const std::string arguments = "eval --ref " + in("pairs/gt") + " --pred " + in("broken") + " --pred " + in("empty") +
                                " --metrics psnr_y --out " + in("mended");
  const Outcome refused = run(samsr(arguments));
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.output, HasSubstr("readme.txt"));
  const Outcome survived = run(samsr_on(2, arguments + " --keep-going"));
  EXPECT_EQ(survived.status, 2);
  EXPECT_THAT(survived.output, AllOf(HasSubstr("readme.txt"), HasSubstr("missing"), HasSubstr("differ in size"),
                                     HasSubstr("holds no image"), HasSubstr("4 problems")));
  const nlohmann::json results = results_in(in("mended"));
  ASSERT_EQ(results.at("methods").size(), 1U);
  EXPECT_EQ(results.at("methods")[0].at("counted").at("psnr_y"), 3);
}

TEST_F(EvalVerb, NothingIsWrittenOutsideTheFolderOfResultsNorAmongPictures) {
  const std::string metrics = " --metrics niqe --out ";
  const auto before = contents(folder_->path());
  for (const char* name : {"..", ".", "a/b"}) {
    for (const std::string& arguments :
         {fmt::format("--benchmark {}={} --benchmark {}", name, in("pairs").string(), in("wild").string()),
          fmt::format("--benchmark {}={}", name, in("wild").string()),
          fmt::format("--lq {} --model {}=embedded", in("pairs/lq").string(), name)}) {
      const Outcome outcome = run(samsr("eval " + arguments + metrics + in("inner/out")));
      EXPECT_EQ(outcome.status, 2) << arguments;
      EXPECT_THAT(outcome.output, HasSubstr(fmt::format("'{}' cannot be the name of a folder", name))) << arguments;
    }
  }
  for (const std::string& arguments : {"--benchmark mine=" + in("pairs") + metrics + in("pairs"),
                                       "--benchmark " + in("pairs") + metrics + in("pairs/out"),
                                       "--benchmark lq=" + in("wild") + " --benchmark b=" + in("other/pairs") +
                                           " --pred x=" + in("pairs/lq") + metrics + in("pairs")}) {
    const Outcome outcome = run(samsr("eval " + arguments));
    EXPECT_EQ(outcome.status, 2) << arguments;
    EXPECT_THAT(outcome.output, HasSubstr("lies in a folder of pictures that are measured")) << arguments;
  }
  auto after = contents(folder_->path());
  EXPECT_EQ(after, before);
}

TEST_F(EvalVerb, ReplacesOnlyWhatAnEvaluationWrote) {
  const std::string one =
      "eval --ref " + in("pairs/gt") + " --pred x=" + in("other/pairs") + " --metrics psnr_y --out ";
  const std::string two = "eval --benchmark " + in("pairs") + " --benchmark p=" + in("pairs") +
                          " --pred x=" + in("mine") + " --metrics psnr_y --out ";
  fs::create_directories(in("mine"));
  fs::copy(in("pairs/gt"), in("mine/pairs"));
  fs::copy(in("pairs/gt"), in("mine/p"));
  const auto refused = [&](const std::string& command, const std::string& name) {
    write_text(in("theirs/" + name), "{\"format\": \"of somebody else\"}");
    const Outcome outcome = run(samsr(command + in("theirs")));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("theirs/" + name + ": was not made by samsr"));
    EXPECT_EQ(contents(in("theirs")).size(), 1U) << name;
    fs::remove_all(in("theirs"));
  };
  for (const char* name : {"results.json", "results.csv", "results.md", "report.html"}) {
    refused(one, name);
  }
  for (const char* name : {"results.md", "report.html", "pairs/results.json", "p/results.csv"}) {
    refused(two, name);
  }
  for (const std::string& command : {one, two, two, one, one}) {
    EXPECT_EQ(run(samsr(command + in("ours"))).status, 0) << command;
  }
  EXPECT_TRUE(fs::exists(in("ours/report.html")));
}

TEST_F(EvalVerb, ALogWithoutLossesWasAskedForAndIsMissing) {
  for (const char* text : {"", "{\"step\": 1, \"lr\": 0.1}\n", "{\"st"}) {
    write_text(in("metrics.jsonl"), text);
    const Outcome outcome = run(samsr("eval --ref " + in("pairs/gt") + " --pred x=" + in("other/pairs") +
                                      " --metrics psnr_y --log run=" + in("metrics.jsonl") + " --out " + in("logged")));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("asked for and not measured: a curve of "),
                                      HasSubstr("metrics.jsonl (it holds no loss)")))
        << text;
    EXPECT_TRUE(fs::exists(in("logged/report.html"))) << "the rest is done";
    fs::remove_all(in("logged"));
  }
}

TEST_F(EvalVerb, WrongArgumentsAreNamed) {
  const auto refused = [&](const std::string& arguments, const std::string& said) {
    const Outcome outcome = run(samsr("eval " + arguments + " --out " + in("none")));
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.output, HasSubstr(said));
  };
  refused("--benchmark realsf --metrics niqe", "did you mean 'realsr'");
  refused("--benchmark realsr --metrics niqe eval.benchmarks=" + in("nothing"),
          "nothing/RealSR: it is published at https://");
  refused("--benchmark realsr=" + in("nowhere") + " --metrics niqe", "nowhere is no folder");
  refused("--metrics niqe", "nothing to evaluate");
  refused("--benchmark " + in("pairs") + " --ref x --metrics niqe", "leave out --ref and --lq");
  refused("--benchmark a=" + in("pairs") + " --benchmark a=" + in("wild") + " --metrics niqe",
          "two benchmarks are called 'a'");
  refused("--ref " + in("pairs/gt") + " --model " + shared_teacher() + " --metrics niqe", "--lq");
  refused("--lq " + in("pairs/lq") + " --model nobody.pth --metrics niqe", "nobody.pth");
  refused("--lq " + in("pairs/lq") + " --pred bicubic=" + in("other/pairs") + " --metrics niqe",
          "two methods are called 'bicubic'");
  const std::string model = "--lq " + in("pairs/lq") + " --metrics niqe --model ";
  refused(model + "bicubic=" + shared_teacher(), "two methods are called 'bicubic'");
  refused(model + "x=" + shared_teacher() + " --pred x=" + in("other/pairs"), "two methods are called 'x'");
  fs::copy(in("pairs/lq"), in("odd"));
  const fs::path odd = list_images(in("odd")).front();
  write_png(odd, read_image(odd).rgb(cv::Rect(0, 0, 8, 8)).clone());
  refused("--ref " + in("pairs/gt") + " --lq " + in("odd") + " --metrics niqe --model " + shared_teacher(),
          "images differ in size from what they are compared with");
  EXPECT_FALSE(fs::exists(in("none/pictures"))) << "said before anything is upscaled";
}

}  // namespace
}  // namespace samsr::testing
