#include "core/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {

using ::testing::HasSubstr;

struct Example {
  double lr = 5e-5;
  int steps = 100;
  bool use_hflip = true;
  std::string recipe = "samsr";
  std::vector<double> range{0.15, 1.5};

  void bind(Settings& settings) {
    settings.add("train.lr", lr, "learning rate").above(0.0);
    settings.add("train.steps", steps, "optimizer steps").between(1, 1000);
    settings.add("train.recipe", recipe, "what to train").one_of({"resshift", "sinsr", "samsr"});
    settings.add("data.use_hflip", use_hflip, "random horizontal flips");
    settings.add("degradation.resize_range", range, "factors").count(2).above(0.0);
  }
};

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() { example.bind(settings); }

  std::string failure(const std::string& text) {
    return testing::error_of([&] { settings.load_text(text, "x.yaml"); });
  }

  Example example;
  Settings settings;
};

TEST_F(SettingsTest, ReadsNestedAndDottedKeys) {
  settings.load_text("train:\n  lr: 1e-4\n  recipe: sinsr\ndegradation.resize_range: [0.3, 1.2]\n", "x.yaml");
  settings.apply_override("data.use_hflip=false");
  EXPECT_DOUBLE_EQ(example.lr, 1e-4);
  EXPECT_EQ(example.recipe, "sinsr");
  EXPECT_EQ(example.range, (std::vector<double>{0.3, 1.2}));
  EXPECT_FALSE(example.use_hflip);
  EXPECT_EQ(settings.origin("train.lr"), "x.yaml:2");
  EXPECT_EQ(settings.origin("train.steps"), "default");
}

TEST_F(SettingsTest, APresetStandsBelowWhatIsSetByName) {
  settings.apply_override("train.steps=7");
  settings.load_unset("train:\n  steps: 5\n  lr: 0.5\n", "preset");
  EXPECT_EQ(example.steps, 7);
  EXPECT_DOUBLE_EQ(example.lr, 0.5);
  EXPECT_EQ(settings.origin("train.lr"), "preset:3");
}

TEST_F(SettingsTest, NamesFileLineAndNearestKeyOfAnUnknownKey) {
  const std::string message = failure("train:\n  steps: 5\n  lrr: 1\n");
  EXPECT_THAT(message, HasSubstr("x.yaml:3"));
  EXPECT_THAT(message, HasSubstr("did you mean 'train.lr'"));
}

TEST_F(SettingsTest, NamesWhatWasExpected) {
  EXPECT_THAT(failure("train: {steps: many}"), HasSubstr("'many', expected an integer (1 to 1000)"));
  EXPECT_THAT(failure("train: {steps: 2.5}"), HasSubstr("expected an integer"));
  EXPECT_THAT(failure("train: {steps: 0}"), HasSubstr("1 to 1000"));
  EXPECT_THAT(failure("train: {lr: 0}"), HasSubstr("above 0"));
  EXPECT_THAT(failure("train: {recipe: resshif}"), HasSubstr("resshift | sinsr | samsr"));
  EXPECT_THAT(failure("degradation: {resize_range: [1]}"), HasSubstr("2 elements"));
  EXPECT_THAT(failure("train: 5"), HasSubstr("is a section"));
  EXPECT_THAT(failure("train: [1, 2"), HasSubstr("not valid YAML"));
  EXPECT_THAT(failure("train.lr: 1\ntrain: {lr: 2}\n"), HasSubstr("set twice"));
}

TEST_F(SettingsTest, ARefusedValueLeavesTheOldOne) {
  failure("train: {steps: 5000}");
  EXPECT_EQ(example.steps, 100);
}

TEST_F(SettingsTest, OverridesAreRefusedWithTheirText) {
  for (const char* bad : {"train.lr", "=3", "train.lr=fast", "train.lrr=3"}) {
    EXPECT_THAT(testing::error_of([&] { settings.apply_override(bad); }), HasSubstr(std::string("'") + bad));
  }
}

TEST_F(SettingsTest, TheTableHasALineForEach) {
  EXPECT_THAT(settings_table(settings), ::testing::StartsWith("| key | default | type | meaning |\n| --- |"));
  for (const Settings::Entry& entry : settings.entries()) {
    EXPECT_THAT(settings_table(settings),
                ::testing::HasSubstr("| `" + entry.key + "` | `" + entry.default_value + "`"));
  }
}

TEST(SettingsDifferences, NamesWhatChanged) {
  EXPECT_THAT(settings_differences("train: {lr: 1, steps: 5}\n", "train: {lr: 2, steps: 5}\ndata: {seed: 1}\n"),
              ::testing::ElementsAre("data.seed: (none) → 1", "train.lr: 1 → 2"));
}

TEST_F(SettingsTest, ABaseIsReadFirst) {
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "paper.yaml", "train: {lr: 1e-3, steps: 7}\n");
  write_file_atomically(folder.folder("small") / "quick.yaml", "base: ../paper.yaml\ntrain:\n  steps: 8\n");
  write_file_atomically(folder / "loop.yaml", "base: loop.yaml\n");
  settings.load_file(folder / "small/quick.yaml");
  EXPECT_DOUBLE_EQ(example.lr, 1e-3);
  EXPECT_EQ(example.steps, 8);
  EXPECT_THROW(settings.load_file(folder / "loop.yaml"), UserError);
}

TEST_F(SettingsTest, WhatIsWrittenReadsBackTheSame) {
  settings.apply_override("train.lr=0.1234567890123");
  settings.apply_override("train.recipe=resshift");
  Example other;
  Settings read;
  other.bind(read);
  read.load_text(settings.to_yaml(), "resolved");
  EXPECT_EQ(read.to_yaml(), settings.to_yaml());
  EXPECT_DOUBLE_EQ(other.lr, 0.1234567890123);
}

}  // namespace
}  // namespace samsr
