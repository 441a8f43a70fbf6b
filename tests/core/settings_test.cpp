#include "core/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

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
  std::string out;
  std::string title;
  std::uint64_t seed = 1;
  std::vector<std::string> kinds{"a", "b"};
  double share = 0.05;
  std::vector<double> sizes{1};

  void bind(Settings& settings) {
    settings.add("train.lr", lr, "learning rate").above(0.0);
    settings.add("train.steps", steps, "optimizer steps").between(1, 1000);
    settings.add("train.recipe", recipe, "what to train").one_of({"resshift", "sinsr", "samsr"});
    settings.add("data.use_hflip", use_hflip, "random horizontal flips");
    settings.add("degradation.resize_range", range, "factors").count(2).above(0.0);
    settings.add("train.out", out, "folder of the run").path();
    settings.add("train.title", title, "what it is called");
    settings.add("train.seed", seed, "seed");
    settings.add("data.kinds", kinds, "kinds");
    settings.add("data.share", share, "share").above(0.0).at_most(0.5);
    settings.add("data.sizes", sizes, "sizes").at_most(64);
  }
};

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() { example.bind(settings); }

  std::string failure(const std::string& text) {
    return testing::error_of([&] { settings.load_text(text, "x.yaml"); });
  }

  std::string refusal(const std::string& assignment) {
    return testing::error_of([&] { settings.apply_override(assignment); });
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
  EXPECT_THAT(failure("train: {lr: {}}"), HasSubstr("'{}', expected a number (above 0)"));
  EXPECT_THAT(failure("train: {recipe: [samsr]}"), HasSubstr("expected text"));
  EXPECT_THAT(failure("train: {lr: [1]}"), HasSubstr("'[1]', expected a number"));
  EXPECT_THAT(failure("data: {kinds: a}"), HasSubstr("write a list as [A, B]"));
}

TEST_F(SettingsTest, ARangeMayLeaveItsLowerEndOut) {
  for (const char* outside : {"0", "-0.1", "0.51"}) {
    EXPECT_THAT(failure(std::string("data: {share: ") + outside + "}"),
                HasSubstr("expected a number (above 0, at most 0.5)"));
  }
  settings.apply_override("data.share=0.5");
  EXPECT_DOUBLE_EQ(example.share, 0.5);
  settings.apply_override("data.sizes=[64, -3]");
  EXPECT_THAT(refusal("data.sizes=[1, 65]"), HasSubstr("expected a list of numbers (at most 64)"));
}

TEST_F(SettingsTest, OneValueIsGivenByItself) {
  ::setenv("SAMSR_TEST_RUNS", "/data/runs", 1);
  settings.apply_override("train.out=$SAMSR_TEST_RUNS/Trip #2: \"a\"");
  EXPECT_EQ(settings.value("train.out", "--value"), "/data/runs/Trip #2: \"a\"");
  EXPECT_EQ(settings.value("train.lr", "--value"), "5e-05");
  EXPECT_EQ(settings.value("data.use_hflip", "--value"), "true");
  EXPECT_EQ(settings.value("data.kinds", "--value"), "[a, b]");
  EXPECT_EQ(settings.value("train.title", "--value"), "");
  EXPECT_THAT(testing::error_of([&] { settings.value("train.lrr", "--value"); }),
              HasSubstr("--value: unknown key 'train.lrr', did you mean 'train.lr'"));
  EXPECT_THAT(testing::error_of([&] { settings.value("train", "--value"); }), HasSubstr("train is a section"));
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

TEST_F(SettingsTest, TextIsTakenAsItIsTyped) {
  for (const char* text :
       {"runs/Trip #2", "a: b",    "[x]",  "{{ x }}", "\"quoted\"", "'q",   "null", "yes", "0100", "trail ", " lead",
        "*x",           "&x",      "!tag", "%",       "a=b",        "#",    "- a",  "1e3", ".inf", "?",      "a\nb",
        "a\tb",         "caf\xe9", "\\n",  "$5",      "~",          "$HOME"}) {
    settings.apply_override(std::string("train.title=") + text);
    EXPECT_EQ(example.title, text);
  }
  for (const char* text : {"runs/Trip #2", "a: b", "[x]", "\"q\"", "null", "0100", "trail ", "*x", "caf\xe9"}) {
    settings.apply_override(std::string("train.out=") + text);
    EXPECT_EQ(example.out, text);
  }
  settings.apply_override("train.title=");
  EXPECT_EQ(example.title, "");
}

TEST_F(SettingsTest, TextInAFileIsAsItsAuthorWroteIt) {
  const std::vector<std::pair<const char*, const char*>> written{
      {"0100", "0100"},    {"1e3", "1e3"},       {"yes", "yes"}, {".nan", ".nan"},
      {"a b  # c", "a b"}, {"'a # b'", "a # b"}, {"\"~\"", "~"}, {"1_000", "1_000"},
      {"'null'", "null"},  {"''", ""},           {"", ""},       {"2026-01-01", "2026-01-01"}};
  for (const auto& [yaml, text] : written) {
    example.title = "before";
    settings.load_text(fmt::format("train:\n  title: {}\n", yaml), "x.yaml");
    EXPECT_EQ(example.title, text) << yaml;
  }
  EXPECT_THAT(failure("train:\n  title: null\n"), HasSubstr("x.yaml:2: null is no value"));
}

TEST_F(SettingsTest, PathsAreReadAsAShellWould) {
  const std::string home = std::getenv("HOME");
  settings.apply_override("train.out=~/runs");
  EXPECT_EQ(example.out, home + "/runs");
  settings.load_text("train: {out: \"$HOME/a\"}\n", "x.yaml");
  EXPECT_EQ(example.out, home + "/a");
  settings.load_text("train: {out: ~/b}\n", "x.yaml");
  EXPECT_EQ(example.out, home + "/b");
  EXPECT_THAT(refusal("train.out=$SAMSR_NOT_SET/x"), HasSubstr("train.out: $SAMSR_NOT_SET is not set"));
  EXPECT_THAT(failure("train:\n  out: ~nobody_of_this_name/x\n"), HasSubstr("x.yaml:2: train.out: ~nobody_of"));
  EXPECT_EQ(example.out, home + "/b");
}

TEST_F(SettingsTest, WholeNumbersAreDecimalDigits) {
  for (const char* text : {"7", "+7", " 7 ", "'7'", "0", "18446744073709551615"}) {
    EXPECT_EQ(failure(fmt::format("train: {{seed: {}}}", text)), "no error") << text;
  }
  EXPECT_EQ(example.seed, 18446744073709551615ULL);
  const std::vector<std::pair<const char*, const char*>> refused{{"0100", "begin with no 0: write 100"},
                                                                 {"007", "write 7"},
                                                                 {"00", "write 0"},
                                                                 {"0x10", "numbers are decimal"},
                                                                 {"0o7", "decimal"},
                                                                 {"0b1", "decimal"},
                                                                 {"1_000", "write it without _"},
                                                                 {"1,000", "without _"},
                                                                 {"1e3", "write all its digits"},
                                                                 {"1.0", "write all its digits"},
                                                                 {"-1", "it is below 0"},
                                                                 {"18446744073709551616", "it is too large"},
                                                                 {"1 000", "expected an integer"},
                                                                 {"", "it is empty"},
                                                                 {"many", "expected an integer"},
                                                                 {"--1", "expected an integer"},
                                                                 {"+", "expected an integer"},
                                                                 {"\xc2\xb2", "expected an integer"},
                                                                 {"\xe2\x88\x92"
                                                                  "1",
                                                                  "expected an integer"},
                                                                 {"true", "expected an integer"}};
  for (const auto& [text, message] : refused) {
    EXPECT_THAT(refusal(std::string("train.seed=") + text), HasSubstr(message)) << text;
    EXPECT_THAT(failure(fmt::format("train: {{seed: \"{}\"}}", text)), HasSubstr(message)) << text;
  }
  EXPECT_THAT(refusal("train.steps=4294967297"), HasSubstr("it is too large"));
  EXPECT_THAT(refusal("train.steps=-9223372036854775809"), HasSubstr("it is too large"));
  EXPECT_EQ(example.seed, 18446744073709551615ULL);
  EXPECT_EQ(example.steps, 100);
}

TEST_F(SettingsTest, NumbersAreFinite) {
  const std::vector<std::pair<const char*, double>> taken{{"1e-4", 1e-4},  {"1", 1},     {".5", 0.5},     {"5.", 5},
                                                          {"+2.5E+1", 25}, {"0.5", 0.5}, {"1e308", 1e308}};
  for (const auto& [text, value] : taken) {
    settings.apply_override(std::string("train.lr=") + text);
    EXPECT_EQ(example.lr, value) << text;
  }
  for (const char* text :
       {".inf", "-.inf", ".nan", "nan", "inf", "Infinity", "1e309", "-1e999", "1e-999", "0100", "0x10",  "1_000",
        "1,5",  "1.2.3", "1e",   "e5",  ".",   "",         "-",     "1 2",    "1f",     "yes",  "1.5d0", "--1"}) {
    EXPECT_THAT(refusal(std::string("train.lr=") + text), HasSubstr("expected a number (above 0)")) << text;
    EXPECT_THAT(failure(fmt::format("degradation: {{resize_range: [1, \"{}\"]}}", text)),
                HasSubstr("a list of numbers"))
        << text;
  }
  EXPECT_THAT(refusal("train.lr=1,5"), HasSubstr("a decimal point"));
  EXPECT_THAT(refusal("train.lr=.inf"), HasSubstr("finite"));
  EXPECT_EQ(example.lr, 1e308);
}

TEST_F(SettingsTest, YesAndNoHaveTheirWords) {
  for (const char* word : {"false", "False", "FALSE", "no", "off", "n", "No", "OFF"}) {
    example.use_hflip = true;
    settings.apply_override(std::string("data.use_hflip=") + word);
    EXPECT_FALSE(example.use_hflip) << word;
  }
  for (const char* word : {"true", "True", "TRUE", "yes", "on", "y", "Yes", "ON", " true "}) {
    example.use_hflip = false;
    settings.apply_override(std::string("data.use_hflip=") + word);
    EXPECT_TRUE(example.use_hflip) << word;
  }
  for (const char* word : {"", "1", "0", "tRUE", "maybe", "truee", "t", "[true]"}) {
    EXPECT_THAT(refusal(std::string("data.use_hflip=") + word), HasSubstr("expected true or false")) << word;
  }
}

TEST_F(SettingsTest, ListsAreReadAsYaml) {
  settings.apply_override("degradation.resize_range=[0.5, 2]");
  EXPECT_EQ(example.range, (std::vector<double>{0.5, 2}));
  settings.apply_override("data.kinds=['a, b', 0100, c#d]");
  EXPECT_EQ(example.kinds, (std::vector<std::string>{"a, b", "0100", "c#d"}));
  settings.apply_override("data.kinds=[]");
  EXPECT_TRUE(example.kinds.empty());
  for (const char* bad : {"1, 2", "", "[1, 2", "[1, [2]]", "{a: 1}", "[1, 0100]", "[1, *x]", "[1, 2]\n--- a"}) {
    EXPECT_THAT(refusal(std::string("degradation.resize_range=") + bad), HasSubstr("'degradation.resize_range="))
        << bad;
  }
  EXPECT_EQ(example.range, (std::vector<double>{0.5, 2}));
}

TEST_F(SettingsTest, AnEmptySectionSetsNothing) {
  settings.load_text("train:\ndata: {}\ndegradation:\n  # nothing yet\n", "x.yaml");
  EXPECT_EQ(example.steps, 100);
  EXPECT_THAT(failure("trian:\n"), HasSubstr("unknown key 'trian'"));
  EXPECT_THAT(failure("trian: {}\n"), HasSubstr("unknown key 'trian'"));
  EXPECT_THAT(failure("train:\n  steps:\n"), HasSubstr("x.yaml:2: train.steps is '', expected an integer"));
}

TEST_F(SettingsTest, OtherStructureIsOneLine) {
  for (const char* text :
       {"train:\n  out: {{ run_dir }}\n", "a: &a\n  b: *a\n", "train: {steps: 1}\n---\ntrain: {steps: 2}\n",
        "? [a]\n: b\n", "- train\n", "train\n", "train: {steps: 1}\ntrain: {lr: 1}\n", "train: !!map {steps: 1}\n",
        "train.out: \"a\0b\"\n", "\"train\\nx\": 1\n"}) {
    EXPECT_THAT(failure(text), ::testing::StartsWith("x.yaml:")) << text;
  }
  EXPECT_EQ(example.steps, 100);
}

TEST_F(SettingsTest, TheTableHasALineForEach) {
  EXPECT_THAT(settings_table(settings), ::testing::StartsWith("| key | default | type | meaning |\n| --- |"));
  for (const Settings::Entry& entry : settings.entries()) {
    EXPECT_THAT(settings_table(settings),
                ::testing::HasSubstr("| `" + entry.key + "` | `" + entry.default_value + "`"));
  }
}

TEST(SettingsDifferences, NamesWhatChanged) {
  EXPECT_THAT(
      settings_differences("train: {lr: 1, steps: 5}\n", "before", "train: {lr: 2, steps: 5}\ndata: {seed: 1}\n"),
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
  for (const char* base : {"[paper.yaml]", "", "none.yaml", "."}) {
    write_file_atomically(folder / "wrong.yaml", fmt::format("base: {}\n", base));
    EXPECT_THROW(settings.load_file(folder / "wrong.yaml"), UserError) << base;
  }
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

TEST_F(SettingsTest, TextThatIsWrittenReadsBackTheSame) {
  for (const char* text : {"runs/Trip #2", " a ", "a: b", "a\nb", "\"'", "\\", "null", "~x", "", "é", "caf\xe9 #\n",
                           "\r", "[a]", "{{x}}", "0100",
                           "a\x04"
                           "b",
                           "<<"}) {
    settings.apply_override(std::string("train.title=") + text);
    settings.apply_override(std::string("train.out=./") + text);
    example.kinds = {text, text};
    Example other;
    Settings read;
    other.bind(read);
    read.load_text(settings.to_yaml(), "resolved");
    EXPECT_EQ(other.title, text);
    EXPECT_EQ(other.out, std::string("./") + text);
    EXPECT_EQ(other.kinds, example.kinds);
    EXPECT_TRUE(settings_differences(settings.to_yaml(), "before", read.to_yaml()).empty());
  }
}

}  // namespace
}  // namespace samsr
