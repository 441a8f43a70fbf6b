#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "launch/program.h"
#include "support/files.h"
#include "support/temporary_folder.h"

namespace samsr::testing {
namespace {
using ::testing::HasSubstr;

TEST(SettingsVerb, SaysWhatSettingsAre) {
  const Outcome outcome = run(samsr("settings --config " SAMSR_SOURCE "/configs/embedded/student.yaml train.steps=7"));
  ASSERT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("\n  recipe: samsr\n"));
  EXPECT_THAT(outcome.output, HasSubstr("\n  steps: 7\n"));
  EXPECT_THAT(outcome.output, HasSubstr("\n  type: space_to_depth\n"));
}

TEST(SettingsVerb, TextIsTakenAsItIsTyped) {
  const std::pair<const char*, const char*> typed[] = {{"'runs/Trip #2'", "out: \"runs/Trip #2\"\n"},
                                                       {"'a: b'", "out: \"a: b\"\n"},
                                                       {"null", "out: \"null\"\n"},
                                                       {"0100", "out: 0100\n"},
                                                       {"'trail '", "out: \"trail \"\n"},
                                                       {"", "out: \"\"\n"},
                                                       {"'$HOME/x'", "out: /home/me/x\n"},
                                                       {"'~/runs'", "out: /home/me/runs\n"}};
  for (const auto& [text, written] : typed) {
    const Outcome outcome = run("HOME=/home/me " + samsr("settings train.out=" + std::string(text)));
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(std::string("\n  ") + written)) << text;
  }
}

TEST(SettingsVerb, SaysWhatOneSettingIs) {
  const TemporaryFolder folder;
  write_text(folder / "x.yaml", "train: {out: $HOME/a b}\n");
  const std::pair<std::string, std::string> cases[] = {
      {"--value train.steps", "500000\n"},
      {"--value train.out --config " + (folder / "x.yaml").string(), "/home/me/a b\n"},
      {"--value train.out 'train.out=~/runs'", "/home/me/runs\n"}};
  for (const auto& [arguments, expected] : cases) {
    const Outcome outcome = run("HOME=/home/me " + samsr("settings " + arguments));
    EXPECT_EQ(outcome.status, 0) << arguments;
    EXPECT_EQ(outcome.output, expected);
  }
  const Outcome unknown = run(samsr("settings --value train.output"));
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.output, HasSubstr("did you mean 'train.out'"));
}

TEST(SettingsVerb, StructureThatIsNoneIsOneLine) {
  const TemporaryFolder folder;
  for (const char* text : {"train:\n  out: {{ run_dir }}\n", "a: &a\n  b: *a\n", "train: {steps: 1}\n---\na: 1\n",
                           "train:\n  steps: 0100\n", "train:\n  lr: .inf\n", "train: {lr: 1}\ntrain: {lr: 2}\n"}) {
    write_text(folder / "x.yaml", text);
    const Outcome outcome = run(samsr("settings --config " + (folder / "x.yaml").string()));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("x.yaml:")) << text;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
  }
}

}  // namespace
}  // namespace samsr::testing
