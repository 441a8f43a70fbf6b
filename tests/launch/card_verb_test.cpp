// `samsr card` through the program itself: mistakes. What it writes: train_embedded_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "launch/program.h"
#include "support/files.h"
#include "support/temporary_folder.h"

namespace samsr::testing {
namespace {
using ::testing::HasSubstr;

TEST(CardVerb, RefusesWithOneLine) {
  const TemporaryFolder folder;
  const std::filesystem::path text = folder / "text.md";
  const auto refused = [&](const std::string& page, const std::string& models) {
    write_text(text, page);
    const Outcome outcome =
        run(samsr("card " + text + " " + (folder / "out.md") + " --data /nowhere --results /nowhere " + models));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
    EXPECT_FALSE(std::filesystem::exists(folder / "out.md"));
    return outcome.output;
  };
  const std::string models = "--file a=/nowhere.safetensors --run a=/nowhere";
  EXPECT_THAT(refused("one\n{{figurs}}\n", models), HasSubstr("text.md:2: no such place '{{figurs}}'"));
  EXPECT_THAT(refused("{{files", models), HasSubstr("text.md:1: no such place"));
  EXPECT_THAT(refused("{{data}}", models), HasSubstr("/nowhere/config.yaml"));
  EXPECT_THAT(refused("{{training}}", models), HasSubstr("/nowhere/config.yaml"));
  EXPECT_THAT(refused("{{files}}", models), HasSubstr("/nowhere.safetensors"));
  EXPECT_THAT(refused("{{figures}}", models), HasSubstr("/nowhere"));
  EXPECT_THAT(refused("", models + " --file b=/nowhere"), HasSubstr("no run of that name; give it with --run b=DIR"));
  EXPECT_THAT(refused("", models + " --run b=/nowhere"), HasSubstr("no file of that name; give it with --file b=FILE"));
}

TEST(CardVerb, WritesOverNothingThatItReads) {
  const TemporaryFolder folder;
  for (const char* name : {"card.md", "weights.md", "results.md"}) {
    write_text(folder / name, "precious");
  }
  std::filesystem::create_hard_link(folder / "card.md", folder / "same.md");
  const auto before = contents(folder.path());
  for (const char* arguments :
       {"card.md card.md --results r --file a=w", "card.md same.md --results r --file a=w",
        "card.md results.md --results results.md --file a=w", "card.md weights.md --results r --file a=weights.md"}) {
    const Outcome outcome =
        run("cd " + folder.path() + " && " + samsr("card --data d --run a=r " + std::string(arguments)));
    EXPECT_EQ(outcome.status, 2) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("would be replaced by what is written")) << arguments;
    EXPECT_EQ(contents(folder.path()), before);
  }
}

}  // namespace
}  // namespace samsr::testing
