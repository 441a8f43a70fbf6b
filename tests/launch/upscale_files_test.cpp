// `samsr upscale` as users start it: flags, folders, ranks, interruptions, mistakes. The model is a small one that has
// not been trained: what is tested here is everything around the network.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <csignal>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "launch/running.h"
#include "launch/trained_runs.h"
#include "models/super_resolution/super_resolution_model.h"
#include "models/weights/load_weights.h"
#include "support/files.h"
#include "support/small_model.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class UpscaleVerb : public ::testing::Test {
 protected:
  UpscaleVerb() {
    SuperResolutionModel model(small_model_settings(2), 1);
    shake_output(model);
    save_model(model_, model.settings(), "sam_student", state_of(*model.unet()));
  }

  /// Puts `count` pieces of photographs, some in a subfolder, into FOLDER/in.
  void write_pictures(int count) const {
    folder_.folder("in/sub");
    const std::vector<fs::path> photographs = list_images(shared_photographs());
    for (int i = 0; i < count; ++i) {
      const cv::Mat photograph = read_image(photographs[static_cast<std::size_t>(i) % photographs.size()]).rgb;
      write_png(folder_ / fmt::format("in/{}p{:02}.png", i % 3 == 0 ? "sub/" : "", i),
                photograph(cv::Rect(i, 2 * i, 40 + i, 36)).clone());
    }
  }
  std::string arguments(const std::string& in, const std::string& out, const std::string& more = "") const {
    // One thread, because the kernels' roundings depend on their number, and ranks share the cores.
    return "upscale " + (folder_ / in) + " " + (folder_ / out) + " --model " + model_ + " train.threads=1 " + more;
  }
  /// Every result of a folder, by its place in it.
  std::map<std::string, std::string> results(const std::string& folder) const {
    std::map<std::string, std::string> found;
    for (const fs::path& path : list_images(folder_ / folder)) {
      found[path.lexically_relative(folder_ / folder).string()] = read_file(path);
    }
    return found;
  }
  /// Status 2 and the line, before anything is loaded.
  void expect_mistake(const std::string& arguments, const std::string& expected) const {
    const Outcome outcome = run("cd " + folder_.path() + " && " + samsr(arguments));
    EXPECT_EQ(outcome.status, 2) << arguments << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, AllOf(HasSubstr(expected), Not(HasSubstr("model: ")))) << arguments;
  }

  const TemporaryFolder folder_;
  const std::string model_ = folder_ / "model.safetensors";
};

TEST_F(UpscaleVerb, FlagsAreShortForSettings) {
  write_pictures(1);
  const auto result = [&](const std::string& more) {
    const Outcome outcome = run(samsr(arguments("in/sub/p00.png", "a.png", more)));
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    return std::pair(read_file(folder_ / "a.png"), outcome.output);
  };
  const auto [plain, said] = result("--noise plain --seed 3 --batch 2");
  EXPECT_THAT(said, HasSubstr("one step, plain noise"));
  EXPECT_TRUE(plain == result("upscale.noise=plain upscale.seed=3").first);
  EXPECT_TRUE(plain == result("--masks none --seed 3").first);
  EXPECT_FALSE(plain == result("--noise plain --seed 4").first);
  const auto [shaped, shaped_said] = result("--masks graph --seed 3");
  EXPECT_THAT(shaped_said, HasSubstr("shaped by masks (graph)"));
  EXPECT_FALSE(plain == shaped);
  EXPECT_TRUE(shaped == result("--noise sam --seed 3").first);
}

TEST_F(UpscaleVerb, SettingsThatTheModelCarriesItselfAreSaidToHaveNoEffect) {
  write_pictures(1);
  const Outcome outcome = run(samsr_on(2, arguments("in", "out", "diffusion.kappa=3 data.scale=3 upscale.seed=2")));
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  for (const char* what : {"diffusion.kappa=3", "data.scale=3"}) {
    const std::string line = "warning: '" + std::string(what) + "' has no effect: the model carries ";
    EXPECT_THAT(outcome.output, HasSubstr(line));
    EXPECT_EQ(outcome.output.find(line), outcome.output.rfind(line)) << "once";
  }
  EXPECT_THAT(outcome.output, Not(HasSubstr("upscale.seed=2'")));
  EXPECT_THAT(run(samsr(arguments("in", "plain"))).output, Not(HasSubstr("has no effect")));
}

TEST_F(UpscaleVerb, TilesThatDoNotFitTheModelAreRefusedBeforeAnythingIsMade) {
  write_pictures(3);
  for (const char* tiles : {"upscale.tile=16 upscale.overlap=16", "upscale.overlap=1024"}) {
    const Outcome outcome = run(samsr(arguments("in", "out", tiles)));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("leaves no room for an overlap"), Not(HasSubstr("left out"))));
    EXPECT_FALSE(fs::exists(folder_ / "out"));
  }
}

TEST_F(UpscaleVerb, RanksShareAFolder) {
  write_pictures(7);
  write_text(folder_ / "in/torn.png", "no picture");
  const Outcome alone = run(samsr(arguments("in", "alone")));
  const Outcome shared = run(samsr_on(2, arguments("in", "shared")));
  for (const Outcome& outcome : {alone, shared}) {
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("1 of 8 images could not be upscaled, the first is torn.png"));
    EXPECT_EQ(outcome.output.find("left out: "), outcome.output.rfind("left out: ")) << outcome.output;
  }
  EXPECT_EQ(results("alone").size(), 7u);
  EXPECT_TRUE(results("alone") == results("shared"));
  EXPECT_TRUE(fs::exists(folder_ / "shared/sub/p03.png"));
  fs::remove(folder_ / "in/torn.png");
  const Outcome again = run(samsr_on(2, arguments("in", "shared")));
  EXPECT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("7 of 7 results are there already and kept"));
  for (const auto& [name, bytes] : contents(folder_ / "shared")) {
    EXPECT_THAT(name, Not(HasSubstr("-inputs."))) << "what ranks note is put together at the end";
  }
  const Outcome other = run(samsr_on(2, arguments("in", "shared", "--seed 2")));
  EXPECT_EQ(other.status, 2) << other.output;
  EXPECT_THAT(other.output, HasSubstr("upscale.seed: 1 → 2"));
}

TEST_F(UpscaleVerb, AKilledRunGoesOn) {
  write_pictures(14);
  ASSERT_EQ(run(samsr(arguments("in", "straight"))).status, 0);
  {
    Running running(samsr(arguments("in", "killed")));
    ASSERT_TRUE(running.until([&] { return fs::exists(folder_ / "killed/p04.png"); }));
    ::kill(running.pid(), SIGKILL);
    running.wait();
  }
  const auto half = results("killed");
  ASSERT_LT(half.size(), 14u);
  for (const auto& [name, bytes] : half) {
    EXPECT_TRUE(bytes == results("straight").at(name)) << name;
  }
  const Outcome rest = run(samsr(arguments("in", "killed")));
  EXPECT_EQ(rest.status, 0) << rest.output;
  EXPECT_THAT(rest.output, HasSubstr(fmt::format("{} of 14 results are there already and kept", half.size())));
  EXPECT_TRUE(results("killed") == results("straight"));
  const Outcome other = run(samsr(arguments("in", "killed", "--seed 2")));
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, AllOf(HasSubstr("upscale.seed: 1 → 2"), HasSubstr("name another folder")));
}

TEST_F(UpscaleVerb, AResultThatCannotBeWrittenIsSaidAndTheOthersAreDone) {
  write_pictures(3);
  const cv::Mat photograph = read_image(list_images(shared_photographs()).front()).rgb;
  write_png(folder_ / "in/large.png", photograph(cv::Rect(0, 0, 96, 96)).clone());
  // A limit on file sizes makes the large result fail half way.
  const Outcome failed = run("trap '' XFSZ; ulimit -f 100; " + samsr(arguments("in", "out")));
  EXPECT_EQ(failed.status, 2) << failed.output;
  EXPECT_THAT(failed.output, AllOf(HasSubstr("large.png: cannot be written"), HasSubstr("make room"),
                                   HasSubstr("1 of 4 images could not be upscaled")));
  EXPECT_FALSE(fs::exists(folder_ / "out/large.png"));
  EXPECT_EQ(results("out").size(), 3u);
  for (const auto& [name, bytes] : contents(folder_ / "out")) {
    EXPECT_THAT(name, Not(HasSubstr(".tmp-")));
  }
  write_script(folder_ / "limited", "#!/bin/sh\ntrap '' XFSZ\nulimit -f 100\nexec " SAMSR_BINARY " \"$@\"\n");
  // Over TCP, because the limit is on the files of shared memory too.
  const Outcome shared = run("OMPI_MCA_btl=self,tcp " + on_ranks(2, folder_ / "limited", arguments("in", "shared")));
  EXPECT_EQ(shared.status, 2) << shared.output;
  EXPECT_THAT(shared.output, HasSubstr("large.png: cannot be written"));
  EXPECT_EQ(run(samsr(arguments("in", "out"))).status, 0);
  EXPECT_EQ(results("out").size(), 4u);
}

TEST_F(UpscaleVerb, AFolderOfResultsThatVanishesEndsTheRun) {
  write_pictures(14);
  Running running(samsr(arguments("in", "out")), folder_ / "said");
  ASSERT_TRUE(running.until([&] { return fs::exists(folder_ / "out/p04.png"); }));
  fs::rename(folder_ / "out", folder_ / "elsewhere");
  EXPECT_EQ(running.wait(), 2);
  EXPECT_THAT(read_file(folder_ / "said"), AllOf(HasSubstr("out"), Not(HasSubstr("internal error"))));
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(UpscaleVerb, HalfPrecisionFilesGiveTheSamePictures) {
  write_pictures(4);
  const std::string half = folder_ / "half.safetensors";
  ASSERT_EQ(run(samsr("weights convert --half " + model_ + " " + half)).status, 0);
  EXPECT_LT(fs::file_size(half), 0.7 * static_cast<double>(fs::file_size(model_)));
  ASSERT_EQ(run(samsr(arguments("in", "whole"))).status, 0);
  const Outcome halved = run(samsr("upscale " + (folder_ / "in") + " " + (folder_ / "halved") + " --model " + half));
  ASSERT_EQ(halved.status, 0) << halved.output;
  for (const auto& [name, bytes] : results("whole")) {
    const cv::Mat whole = read_image(folder_ / ("whole/" + name)).rgb;
    EXPECT_LE(cv::norm(whole, read_image(folder_ / ("halved/" + name)).rgb, cv::NORM_INF), 1) << name;
  }
  EXPECT_FALSE(results("whole") == results("halved")) << "rounded weights round some pixel otherwise";
}

TEST_F(UpscaleVerb, MistakesAreSaid) {
  write_pictures(2);
  expect_mistake(arguments("absent.png", "o.png"), "absent.png: no such file or folder");
  const Outcome contradiction = run(samsr(arguments("in", "out", "--noise plain --masks sam")));
  EXPECT_EQ(contradiction.status, 2);
  EXPECT_THAT(contradiction.output, HasSubstr("leave one of the two out"));
  expect_mistake(arguments("in", "out", "--seed 3 upscale.seed=4"), "give one of them");
  expect_mistake(arguments("in", "out", "--masks grph"), "auto | none | graph | sam");
  expect_mistake(arguments("in", "out", "--batch 0"), "1 to 256");
  expect_mistake("upscale in/p01.png /dev/null", "/dev/null: is a device or a pipe");
  expect_mistake("upscale in/p01.png -", "-: results are written to a file or a folder; name one");
  expect_mistake("upscale in -", "-: results are written to a file or a folder; name one");
  expect_mistake(arguments("in/p01.png", "out.gif"), "end the name in .png, .jpg, .jpeg, .webp, .tif or .tiff");
  expect_mistake(arguments("in/p01.png", "out.jpg", "upscale.bits=16"), "JPEG cannot hold");
  expect_mistake(arguments("in", "out", "upscale.quality=101"), "1 to 100");
  expect_mistake("upscale in out --model nothing.safetensors",
                 "nothing.safetensors: no such file, folder or official model");
  expect_mistake("upscale in out --model SamSR_v1.pht", "did you mean 'SamSR_v1.pth'?");
  expect_mistake("upscale in out --model SamSR_v1.pth", "published at https://huggingface.co/zh-liu799/SAMSR");
}

}  // namespace
}  // namespace samsr::testing
