#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "launch/mistakes.h"
#include "launch/program.h"
#include "models/weights/checkpoint_folder.h"
#include "models/weights/official_files.h"
#include "models/weights/safetensors.h"
#include "support/files.h"
#include "support/temporary_folder.h"

namespace samsr::testing {
namespace {
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kFiles = SAMSR_SOURCE "/tests/models/files/";

TEST(WeightsVerb, InspectsEveryFormat) {
  for (const char* name : {"zip_net.pth", "legacy_net.pth", "script.pt", "net.safetensors"}) {
    const Outcome outcome = run(samsr("weights inspect " + kFiles + name));
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("sha256 "), HasSubstr("conv.weight"), HasSubstr("[3, 2, 3, 3]"),
                                      HasSubstr("11 tensors (10 Float, 1 Long), 84 elements")))
        << name;
  }
  EXPECT_THAT(run(samsr("weights inspect " + kFiles + "zip_checkpoint.pth")).output,
              AllOf(HasSubstr("picked: state_dict"), HasSubstr("prefix_removed: module."),
                    HasSubstr("objects_not_made: argparse.Namespace")));
}

TEST(WeightsVerb, ConvertsToSafetensors) {
  const TemporaryFolder folder;
  const std::filesystem::path out = folder / "net.safetensors";
  EXPECT_EQ(run(samsr("weights convert " + kFiles + "zip_net.pth " + out)).status, 0);
  EXPECT_THAT(
      run(samsr("weights inspect " + out)).output,
      AllOf(HasSubstr("format: safetensors"), HasSubstr("container: PyTorch zip"), HasSubstr("10 Float, 1 Long")));
  EXPECT_EQ(run(samsr("weights convert --half " + kFiles + "legacy_net.pth " + out)).status, 0);
  EXPECT_THAT(run(samsr("weights inspect " + out)).output, HasSubstr("10 Half, 1 Long"));
}

TEST(WeightsVerb, ConvertsCompactlyWithoutWhatSettingsSay) {
  const TemporaryFolder folder;
  const std::filesystem::path all = folder / "all.safetensors";
  const std::filesystem::path compact = folder / "compact.safetensors";
  ASSERT_EQ(run(samsr("weights convert embedded " + all)).status, 0);
  ASSERT_EQ(run(samsr("weights convert --compact embedded " + compact)).status, 0);
  const Outcome inspected = run(samsr("weights inspect " + compact));
  EXPECT_THAT(inspected.output, AllOf(HasSubstr("relative_position_bias_table"),
                                      Not(HasSubstr("relative_position_index")), Not(HasSubstr("attn_mask"))));
}

TEST(WeightsVerb, BlendsTwoNetworksOfOneForm) {
  const TemporaryFolder folder;
  const auto file = [&](const char* name, double value, std::int64_t size, const std::string& config) {
    const std::filesystem::path path = folder / name;
    write_safetensors(path, {{{"x", at::full({size}, value)}, {"steps", at::arange(3)}}, {{"config", config}}});
    return path.string();
  };
  const std::string one = file("one.safetensors", 1.0, 4, "unet: 1\n");
  const std::string two = file("two.safetensors", 3.0, 4, "unet: 1\n");
  const std::string out = folder / "out.safetensors";
  const auto blend = [&](const std::string& arguments) { return run(samsr("weights blend " + arguments)); };
  for (const auto& [share, expected] : {std::pair("0", 1.0), std::pair("0.25", 1.5), std::pair("1", 3.0)}) {
    const Outcome outcome = blend(one + " " + two + " " + out + " --share " + share);
    ASSERT_EQ(outcome.status, 0) << outcome.output;
    const TensorFile made = read_safetensors(out);
    for (const auto& [name, tensor] : made.tensors) {
      EXPECT_TRUE(tensor.equal(name == "x" ? at::full({4}, expected) : at::arange(3))) << name << " at " << share;
    }
    EXPECT_EQ(made.metadata.at("config"), "unet: 1\n");
  }
  const std::pair<std::string, const char*> mistakes[] = {
      {one + " " + two + " " + out + " --share 1.5", "--share 1.5: expected a number from 0"},
      {one + " " + file("other.safetensors", 3.0, 4, "unet: 2\n") + " " + out, "different networks"},
      {one + " " + file("longer.safetensors", 3.0, 5, "unet: 1\n") + " " + out, "no tensor 'x' of the shape"},
      {one + " " + two + " " + two, "two.safetensors"},
      {one + " /nowhere " + out, "/nowhere"},
  };
  for (const auto& [arguments, expected] : mistakes) {
    expect_mistake(samsr("weights blend " + arguments), expected);
  }
}

TEST(WeightsVerb, NumbersThatAreNotFiniteAreNamed) {
  const TemporaryFolder folder;
  const std::filesystem::path bad = folder / "bad.safetensors";
  for (const auto& [value, word] :
       {std::pair(std::nan(""), "NaN"), std::pair(HUGE_VAL, "infinity"), std::pair(-HUGE_VAL, "-infinity")}) {
    write_safetensors(bad, {{{"x", at::full({3}, value)}}, {}});
    const std::string said = std::string("3 values that are not finite (first: ") + word + " at 0)";
    EXPECT_THAT(run(samsr("weights inspect " + bad.string())).output, HasSubstr(said));
    const Outcome converted =
        run(samsr("weights convert " + bad.string() + " " + (folder / "out.safetensors").string()));
    EXPECT_EQ(converted.status, 2);
    EXPECT_THAT(converted.output, HasSubstr("bad.safetensors: tensor 'x' holds " + said));
  }
  write_safetensors(bad, {{{"y", at::full({3}, 7e4)}}, {}});
  EXPECT_THAT(run(samsr("weights convert --half " + bad.string() + " " + (folder / "out.safetensors").string())).output,
              HasSubstr("bad.safetensors: tensor 'y' has numbers beyond 65504"));
}

TEST(WeightsVerb, RefusesWithOneLine) {
  const TemporaryFolder folder;
  const Outcome hostile = run(samsr("weights convert " + kFiles + "zip_hostile.pth " + (folder / "a.safetensors")));
  EXPECT_EQ(hostile.status, 2);
  EXPECT_THAT(hostile.output, HasSubstr("'posix.system', which is no tensor and was not called"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a.safetensors"));
  const Outcome name = run(samsr("weights convert " + kFiles + "zip_net.pth " + (folder / "a.pth")));
  EXPECT_EQ(name.status, 2);
  EXPECT_THAT(name.output, HasSubstr("ends in .safetensors"));
}

TEST(WeightsVerb, ListSaysWhatCannotBeVerifiedAndThatTheFolderIsNotThere) {
  const TemporaryFolder folder;
  const std::string elsewhere =
      "SAMSR_WEIGHTS= TORCH_HOME=" + (folder / "none") + " XDG_CACHE_HOME=" + (folder / "none") + " ";
  const Outcome missing = run(elsewhere + samsr("weights list weights.folder=" + (folder / "nowhere")));
  EXPECT_EQ(missing.status, 0) << missing.output;
  EXPECT_THAT(missing.output, HasSubstr("nowhere/, which is no folder yet"));
  const OfficialFiles catalogue{OfficialFilesSettings()};
  const std::string whole = read_file(kFiles + "zip_net.pth");
  std::string unpublished;
  for (const OfficialFile& file : catalogue.files()) {
    if (file.sha256.empty()) {
      write_text(folder / "here" / file.file, whole);
      unpublished = file.file;
    }
  }
  ASSERT_NE(unpublished, "");
  const Outcome outcome = run(elsewhere + samsr("weights list --verify weights.folder=" + (folder / "here")));
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("here/ (weights.folder"),
                                    HasSubstr("(whole, but cannot be verified: no SHA-256 is published)")));
  for (const std::string& bytes : {std::string("PK"), std::string("<html>log in"), whole.substr(0, whole.size() / 2)}) {
    write_text(folder / "here" / unpublished, bytes);
    const Outcome wrong = run(elsewhere + samsr("weights list --verify weights.folder=" + (folder / "here")));
    EXPECT_EQ(wrong.status, 2) << wrong.output;
    EXPECT_THAT(wrong.output, AllOf(HasSubstr("1 of the files are not as published"), HasSubstr(unpublished)));
  }
  for (const std::string& nowhere : {"SAMSR_WEIGHTS=" + (folder / "nowhere") + " " + samsr("weights list --verify"),
                                     samsr("weights list --verify weights.folder=" + (folder / "nowhere"))}) {
    const Outcome none = run(nowhere);
    EXPECT_EQ(none.status, 2) << none.output;
    EXPECT_THAT(none.output, HasSubstr("nowhere: no such folder; weights.folder or SAMSR_WEIGHTS names it"));
  }
  EXPECT_EQ(run("cd " + (folder / "here") + " && " + elsewhere + samsr("weights list --verify")).status, 0)
      << "no folder is named";
}

TEST(WeightsVerb, ReplacesNeitherWhatIsReadNorAPartOfACheckpoint) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder / "net.safetensors";
  std::filesystem::copy_file(kFiles + "net.safetensors", file);
  std::filesystem::create_hard_link(file, folder / "hard.safetensors");
  std::filesystem::create_symlink(file, folder / "soft.safetensors");
  nlohmann::json state = {{"format", kCheckpointFormat},
                          {"step", 1},
                          {"position", 0},
                          {"seed", 1},
                          {"dataset_size", 1},
                          {"config", "x: 1\n"},
                          {"files", {{"ema.safetensors", 7}}}};
  state["crc32c"] = checkpoint_state_crc(state);
  write_text(folder / "step-00000001/state.json", state.dump());
  write_text(folder / "step-00000001/ema.safetensors", "precious");
  const auto refused = [&](const std::string& arguments) {
    const Outcome outcome = run("cd " + folder.path() + " && " + samsr("weights convert --half " + arguments));
    EXPECT_EQ(outcome.status, 2) << arguments;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
    return outcome.output;
  };
  for (const char* out : {"net.safetensors", "./net.safetensors", "hard.safetensors", "soft.safetensors"}) {
    EXPECT_THAT(refused(std::string("net.safetensors ") + out), HasSubstr("would be replaced by what is written"));
  }
  EXPECT_EQ(read_file(file), read_file(kFiles + "net.safetensors"));
  for (const char* in : {"embedded", "net.safetensors"}) {
    EXPECT_THAT(refused(std::string(in) + " step-00000001/ema.safetensors"), HasSubstr("is a part of the checkpoint"));
  }
  EXPECT_EQ(read_file(folder / "step-00000001/ema.safetensors"), "precious");
  EXPECT_EQ(run(samsr("weights convert embedded " + (folder / "step-00000001/mine.safetensors"))).status, 0);
}

}  // namespace
}  // namespace samsr::testing
