// The student that is part of the program, as users meet it: without a file, a folder or a setting.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "core/atomic_file.h"
#include "data/images/image_file.h"
#include "launch/trained_runs.h"
#include "models/weights/sha256.h"

namespace samsr::testing {
namespace {
namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kStudent = SAMSR_SOURCE "/models/embedded/student.safetensors";

class EmbeddedModel : public ::testing::Test {
 protected:
  EmbeddedModel() { write_png(folder_.folder("lq") / "a.png", photograph_(cv::Rect(0, 0, 50, 40)).clone()); }
  /// Runs `samsr upscale` in the test's folder, where no model lies.
  Outcome upscale(const std::string& arguments) const {
    return run("cd " + folder_.path() + " && " + samsr("upscale " + arguments + " train.threads=1"));
  }

  const TemporaryFolder folder_;
  const cv::Mat photograph_ = read_image(shared_photographs() / "niqe0.png").rgb;
};

TEST_F(EmbeddedModel, UpscalesWhenNoModelIsNamed) {
  const Outcome plain = upscale("lq/a.png plain.png");
  ASSERT_EQ(plain.status, 0) << plain.output;
  EXPECT_THAT(plain.output, AllOf(HasSubstr("model: the embedded student (see models/embedded/MODEL_CARD.md)"),
                                  HasSubstr("one step, noise shaped by masks (graph)")));
  EXPECT_EQ(read_image(folder_ / "plain.png").rgb.size(), cv::Size(200, 160));
  ASSERT_EQ(upscale("lq/a.png named.png --model embedded").status, 0);
  EXPECT_TRUE(read_file(folder_ / "plain.png") == read_file(folder_ / "named.png"));
  const Outcome from_file = upscale("lq/a.png file.png --model " + kStudent);
  ASSERT_EQ(from_file.status, 0) << from_file.output;
  EXPECT_TRUE(read_file(folder_ / "plain.png") == read_file(folder_ / "file.png"));
  const Outcome misspelt = upscale("lq/a.png o.png --model embeded");
  EXPECT_EQ(misspelt.status, 2);
  EXPECT_THAT(misspelt.output, HasSubstr("did you mean 'embedded'?"));
}

TEST_F(EmbeddedModel, AFolderOfItsResultsIsNotMixedWithAnothers) {
  ASSERT_EQ(upscale("lq results").status, 0);
  const Outcome again = upscale("lq results");
  EXPECT_EQ(again.status, 0);
  EXPECT_THAT(again.output, HasSubstr("1 of 1 results are there already and kept"));
  // As if they had been made by a program with another student.
  std::string record = read_file(folder_ / "results/.samsr-upscale.yaml");
  const std::size_t checksum = record.find("checksum: ") + std::string("checksum: ").size();
  record.replace(checksum, record.find('\n', checksum) - checksum, "\"00000000\"");
  write_file_atomically(folder_ / "results/.samsr-upscale.yaml", record);
  const Outcome other = upscale("lq results");
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.output, AllOf(HasSubstr("network.checksum: 00000000"), HasSubstr("name another folder")));
}

TEST_F(EmbeddedModel, IsWhatTheFileIs) {
  EXPECT_THAT(run(samsr("version")).output,
              HasSubstr("embedded student: SHA-256 " + sha256_of_file(kStudent).substr(0, 12) + "\n"));
  const auto below_the_name = [](const Outcome& outcome) {
    EXPECT_EQ(outcome.status, 0);
    return outcome.output.substr(outcome.output.find('\n'));
  };
  const std::string inspected = below_the_name(run(samsr("weights inspect embedded")));
  EXPECT_EQ(inspected, below_the_name(run(samsr("weights inspect " + kStudent))));
  EXPECT_THAT(inspected, AllOf(HasSubstr("kind: sam_student"), HasSubstr(" Half")));
  const fs::path out = folder_ / "copy.safetensors";
  ASSERT_EQ(run(samsr("weights convert embedded " + out)).status, 0);
  ASSERT_EQ(upscale("lq/a.png copy.png --model " + out).status, 0);
  ASSERT_EQ(upscale("lq/a.png own.png").status, 0);
  EXPECT_TRUE(read_file(folder_ / "copy.png") == read_file(folder_ / "own.png"));
}

TEST_F(EmbeddedModel, IsMeasuredByItsName) {
  const Outcome outcome =
      run(samsr("eval --lq " + (folder_ / "lq") + " --model embedded --model ours=embedded --metrics niqe --out " +
                (folder_ / "report")));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  const auto methods = nlohmann::json::parse(read_file(folder_ / "report/results.json")).at("methods");
  ASSERT_EQ(methods.size(), 3U);
  EXPECT_EQ(methods[1].at("name"), "embedded");
  EXPECT_EQ(methods[2].at("name"), "ours");
}

/// Peak resident memory of a shell command, MB.
double peak_memory_of(const std::string& command) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(127);
  }
  int status = -1;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  EXPECT_EQ(status, 0) << command;
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

TEST_F(EmbeddedModel, APhotographOf512PixelsNeedsLessThanThreeGigabytes) {
  cv::Mat large;
  cv::resize(photograph_, large, cv::Size(512, 512), 0, 0, cv::INTER_CUBIC);
  write_png(folder_ / "large.png", large);
  const double megabytes = peak_memory_of(samsr("upscale " + (folder_ / "large.png") + " " + (folder_ / "out.png")));
  EXPECT_LT(megabytes, 3000);
  EXPECT_EQ(read_image(folder_ / "out.png").rgb.size(), cv::Size(2048, 2048));
}

}  // namespace
}  // namespace samsr::testing
