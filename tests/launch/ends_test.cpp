// How verbs end: what cannot be printed, what is asked for and missing, names that are not UTF-8, pipes in place of
// files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
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

std::ptrdiff_t lines_of(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

class Ends : public TrainedRuns {
 protected:
  static void SetUpTestSuite() {
    TrainedRuns::SetUpTestSuite();
    write_png(in("gt/a.png"), gradient());
    write_png(in("gt/b.png"), gradient().t());
  }
  static cv::Mat gradient() {
    fs::create_directories(in("gt"));
    cv::Mat picture(48, 48, CV_8UC3);
    for (int i = 0; i < 48 * 48; ++i) {
      picture.at<cv::Vec3b>(i) = cv::Vec3b(static_cast<uchar>(i % 251), static_cast<uchar>(i / 9), 90);
    }
    return picture;
  }
  static std::string eval(const std::string& more) {
    return samsr("eval --ref " + in("gt") + " --pred x=" + in("gt") + " " + more);
  }
};

TEST_F(Ends, WhatCannotBePrintedIsAnError) {
  for (const char* verb : {"version", "settings", "weights list", "settings train.steps=3", "--help", "data --help"}) {
    const Outcome full = run("{ " + samsr(verb) + " 2>&1 >/dev/full; }");
    EXPECT_EQ(full.status, 2) << verb;
    EXPECT_EQ(full.output, "samsr: standard output cannot be written: No space left on device\n") << verb;
  }
  const Outcome closed = run("{ " + samsr("version") + " 2>&1 >&-; }");
  EXPECT_EQ(closed.status, 2);
  EXPECT_THAT(closed.output, HasSubstr("standard output cannot be written"));
  // Nothing is printed there, so nothing is lost.
  EXPECT_EQ(run(samsr("data check " + in("gt") + " --gt-size 32 --out " + in("check.json")) + " 2>/dev/full").status,
            0);
  // A reader that has had enough is none.
  const Outcome head = run("bash -c 'set -o pipefail; " + samsr("settings") + " | head -n 1'");
  EXPECT_EQ(head.status, 0) << head.output;
  EXPECT_EQ(lines_of(head.output), 1) << head.output;
}

TEST_F(Ends, WhatIsNamedAndNotMeasuredIsStatusTwoOnceTheRestIsWritten) {
  const auto expect = [&](const std::string& more, int status, const std::string& part) {
    fs::remove_all(in("ev"));
    const Outcome outcome = run(eval(more + " --out " + in("ev")));
    EXPECT_EQ(outcome.status, status) << more << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(part)) << more;
    EXPECT_TRUE(fs::exists(in("ev/results.json"))) << more;
    EXPECT_TRUE(fs::exists(in("ev/report.html"))) << more;
  };
  expect("--metrics psnr_y,lpips weights.folder=/nowhere", 2, "asked for and not measured: lpips");
  expect("--metrics psnr_y,musiq,clipiqa weights.folder=/nowhere", 2, "not measured: musiq, clipiqa");
  expect("--metrics psnr_y eval.crop_border=40", 2, "not measured: psnr_y of x on Results");
  expect("--metrics psnr_y,niqe", 2, "niqe of x on Results");
  expect("weights.folder=/nowhere", 0, "lpips is left out");  // nobody named it
  expect("--metrics psnr_y", 0, "PSNR-Y");
}

TEST_F(Ends, InputsOfTheReportAreReadBeforeAnythingIsMeasured) {
  write_text(in("torn.jsonl"), "{\"step\": 1, \"loss\": 2}\n{\"st\n{\"step\": 2}\n");
  for (const std::string& more : {std::string(" --log /nowhere/metrics.jsonl"), " --log a=" + in("torn.jsonl")}) {
    const Outcome outcome = run(eval("--metrics psnr_y --out " + in("late") + more));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_EQ(lines_of(outcome.output), 1) << outcome.output;
    EXPECT_FALSE(fs::exists(in("late"))) << more;
  }
  write_text(in("file"), "x");
  const Outcome outcome = run(eval("--metrics psnr_y --out " + in("file/below")));
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.output, HasSubstr("Not a directory"));
}

TEST_F(Ends, NamesThatAreNotUtf8AreMeasuredAndShown) {
  const fs::path pictures = in("latin1");
  fs::create_directories(pictures);
  for (const char* name : {"caf\xe9.png", "caf\xe8.png", "\xff\xfe.png"}) {
    fs::copy_file(in("gt/a.png"), pictures / name);
  }
  const Outcome outcome = run(
      samsr("eval --ref " + pictures + " --pred caf\xe9=" + pictures + " --metrics psnr_y --out " + in("ev_names")));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const auto results = nlohmann::json::parse(read_file(in("ev_names/results.json")));
  EXPECT_EQ(results["methods"][0]["per_image"][0]["image"], "caf\xef\xbf\xbd");
  EXPECT_EQ(results["methods"][0]["per_image"][1]["image_bytes"], "636166e9");
  for (const char* file : {"results.csv", "results.md", "report.html"}) {
    EXPECT_THAT(read_file(in("ev_names") / file), AllOf(HasSubstr("caf\xef\xbf\xbd"), Not(HasSubstr("caf\xe9"))));
  }
  EXPECT_EQ(run(samsr("table " + in("ev_names"))).status, 0);
}

TEST_F(Ends, ExtensionsThatSayAnotherFormatAreRefused) {
  for (const std::string& arguments :
       {"data inspect " + shared_shards() + " --sheet " + in("s.jpg"),
        "data check " + in("gt") + " --gt-size 32 --sheet " + in("s.gif"),
        "data check " + in("gt") + " --gt-size 32 --out " + in("s.csv"), "strip " + in("s.webp") + " --lq " + in("gt"),
        "card x " + in("s.html") + " --file a=b --run a=b --data d --results r",
        "table " + in("gt") + " --out " + in("s.xlsx")}) {
    const Outcome outcome = run(samsr(arguments));
    EXPECT_EQ(outcome.status, 2) << arguments;
    EXPECT_EQ(lines_of(outcome.output), 1) << outcome.output;
    EXPECT_FALSE(fs::exists(in("s.jpg")) || fs::exists(in("s.gif")) || fs::exists(in("s.csv")));
  }
}

TEST_F(Ends, APipeInPlaceOfAFileDoesNotHang) {
  ASSERT_EQ(::mkfifo(in("pipe.png").c_str(), 0600), 0);
  for (const std::string& arguments :
       {"upscale " + in("pipe.png") + " " + in("x.png"),
        "upscale " + in("gt/a.png") + " x.png --model " + in("pipe.png"), "table " + in("pipe.png"),
        "data inspect " + in("pipe.png"), "weights inspect " + in("pipe.png"), "settings --config " + in("pipe.png")}) {
    const Outcome outcome = run("timeout 20 env " + samsr(arguments));
    EXPECT_EQ(outcome.status, 2) << arguments << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("pipe")) << arguments;
  }
}

TEST_F(Ends, ALimitOnTheSizeOfFilesIsAnErrorAndLeavesNothing) {
  fs::create_directories(in("limited"));
  for (const std::string& arguments : {"upscale " + in("gt/a.png") + " " + in("limited/a.png"),
                                       "weights convert embedded " + in("limited/a.safetensors")}) {
    const Outcome outcome = run("bash -c 'ulimit -f 1; " + samsr(arguments) + "'");
    EXPECT_EQ(outcome.status, 2) << arguments << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("cannot be written: File too large")) << arguments;
    EXPECT_TRUE(fs::is_empty(in("limited"))) << arguments;
  }
}

TEST_F(Ends, AFolderThatMayNotBeSearchedIsAUsersError) {
  fs::create_directories(in("around"));
  fs::create_symlink("around", in("around/around"));  // to itself
  for (const std::string& arguments :
       {"upscale " + in("around/around/x.png") + " " + in("y.png"), "settings --config " + in("around/around"),
        "data inspect " + in("around/around"), "data check " + in("around/around"),
        "weights inspect " + in("around/around"), "table " + in("around/around"),
        "data verify " + in("around/around") + std::string(300, 'x'),
        "eval --ref " + in("gt") + " --pred x=" + in("around/around") + " --out " + in("ev_around")}) {
    const Outcome outcome = run(samsr(arguments));
    EXPECT_EQ(outcome.status, 2) << arguments << outcome.output;
    EXPECT_THAT(outcome.output, Not(HasSubstr("internal error"))) << arguments;
  }
}

TEST_F(Ends, AVerbBelowAnotherIsNamed) {
  EXPECT_THAT(run(samsr("data biuld x")).output, HasSubstr("unknown verb 'biuld' of 'data', did you mean 'build'?"));
  EXPECT_THAT(run(samsr("weights lst")).output, HasSubstr("did you mean 'list'?"));
  EXPECT_THAT(run(samsr("data verfy x")).output, HasSubstr("did you mean 'verify'?"));
}

TEST_F(Ends, AFileBesideACheckpointIsAFileOfWeights) {
  ASSERT_EQ(run(samsr(train("run", "train.recipe=resshift train.steps=1 train.checkpoint_every=1"))).status, 0);
  const fs::path checkpoint = in("run/step-00000001");
  for (const std::string& name : {std::string("half.safetensors"), std::string("x.safetensors")}) {
    ASSERT_EQ(run(samsr("weights convert " + (checkpoint / "ema.safetensors") + " " + (checkpoint / name))).status, 0);
    EXPECT_EQ(run(samsr("weights inspect " + (checkpoint / name))).status, 0);
  }
  fs::create_directories(in("mine"));
  fs::copy_file(checkpoint / "ema.safetensors", in("mine/best"));
  EXPECT_EQ(run(samsr("weights inspect " + in("mine/best"))).status, 0);
  write_text(in("mine/state.json"), "{\"of\": \"another program\"}");
  fs::copy_file(checkpoint / "ema.safetensors", in("mine/a.safetensors"));
  EXPECT_EQ(run(samsr("weights inspect " + in("mine/a.safetensors"))).status, 0);
  // Its own files are still compared with what it recorded.
  flip_byte(checkpoint / "ema.safetensors", 4000);
  EXPECT_THAT(run(samsr("weights inspect " + (checkpoint / "ema.safetensors"))).output, HasSubstr("CRC"));
  write_text(checkpoint / "state.json", "{\"format\": \"samsr-checkpoint/1\", \"crc32c\": 1}");
  EXPECT_THAT(run(samsr("weights inspect " + (checkpoint / "student.safetensors"))).output,
              AllOf(HasSubstr("is missing"), Not(HasSubstr("internal error"))));
}

TEST_F(Ends, ADamagedValidationPictureIsFoundAtTheStart) {
  fs::create_directories(in("v/lq"));
  fs::create_directories(in("v/gt"));
  for (const char* name : {"a.png", "b.png"}) {
    write_png(in("v/lq") / name, cv::Mat(16, 16, CV_8UC3, cv::Scalar(1, 2, 3)));
    write_png(in("v/gt") / name, cv::Mat(64, 64, CV_8UC3, cv::Scalar(1, 2, 3)));
  }
  const auto refused = [&](const std::string& more) {
    const Outcome outcome = run(
        samsr(train("late", "train.recipe=resshift train.steps=2 val.every=2 val.metrics=psnr_y val.lq=" + in("v/lq") +
                                " val.gt=" + in("v/gt") + " " + more)));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_FALSE(fs::exists(in("late")));
    return outcome.output;
  };
  write_png(in("v/gt/b.png"), cv::Mat(60, 64, CV_8UC3, cv::Scalar(1, 2, 3)));
  EXPECT_THAT(refused("--dry-run"), HasSubstr("b.png: is 64x60"));
  const std::string whole = read_file(in("v/gt/a.png"));
  write_text(in("v/gt/b.png"), whole.substr(0, 40));
  EXPECT_THAT(refused("--dry-run"), HasSubstr("gt/b.png"));
  EXPECT_THAT(refused(""), HasSubstr("gt/b.png"));
  write_text(in("v/gt/b.png"), whole);
  EXPECT_THAT(refused("eval.crop_border=0 val.metrics=niqe"), HasSubstr("niqe has no value for any"));
  write_text(in("blocked"), "a file");
  EXPECT_THAT(refused("train.out=" + in("blocked/run") + " --dry-run"), HasSubstr("is no folder"));
}

}  // namespace
}  // namespace samsr::testing
