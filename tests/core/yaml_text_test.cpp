#include "core/yaml_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "core/atomic_file.h"
#include "support/temporary_folder.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string refusal_of(const std::string& text) {
  return error_of([&] { parse_yaml(text, "x.yaml"); });
}

TEST(YamlText, PlainDataIsRead) {
  for (const char* text : {"", "# only a comment\n", "a: 1\n", "---\na: 1\n...\n",
                           "\xef\xbb\xbf"
                           "a: 1\r\nb: [1, 2]\r\n",
                           "a:\nb:\n  c:\n", "a: |\n  two\n  lines\n", "a: '~'\nb: \"null\"\n", "a: ~/x\nb: nullable\n",
                           "'<': x\n", "a: {b: [{c: d}]}\n"}) {
    EXPECT_EQ(refusal_of(text), "no error") << text;
  }
  EXPECT_TRUE(parse_yaml("", "x").IsNull());
  EXPECT_TRUE(parse_yaml("a:\n", "x")["a"].IsNull());
  EXPECT_EQ(parse_yaml("a: '~'\n", "x")["a"].Scalar(), "~");
}

TEST(YamlText, AnchorsAliasesMergeKeysAndTagsAreRefused) {
  EXPECT_THAT(refusal_of("a: &a\n  b: *a\n"), StartsWith("x.yaml:1: anchors"));
  EXPECT_THAT(refusal_of("a: 1\nb: &x 1\nc: [*x, *x]\n"), StartsWith("x.yaml:2: anchors"));
  EXPECT_THAT(refusal_of("a: &\n"), HasSubstr("x.yaml:1: not valid YAML"));
  EXPECT_THAT(refusal_of("a: *x\n"), HasSubstr("x.yaml:1: "));
  EXPECT_THAT(refusal_of("&k a: 1\n"), HasSubstr("anchors"));
  EXPECT_THAT(refusal_of("- &s [1]\n"), HasSubstr("anchors"));
  EXPECT_THAT(refusal_of("a: 1\n<<: {b: 1}\n"), StartsWith("x.yaml:2: merge keys"));
  EXPECT_THAT(refusal_of("a: !!python/object:os.system x\n"), StartsWith("x.yaml:1: tags"));
  EXPECT_THAT(refusal_of("a: !secret\n"), HasSubstr("tags"));
  EXPECT_THAT(refusal_of("!m {a: 1}\n"), HasSubstr("tags"));
  std::string laughs = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 40; ++i) {
    laughs += fmt::format("a{0}: &a{0} [*a{1}, *a{1}]\n", i, i - 1);
  }
  EXPECT_THAT(refusal_of(laughs), StartsWith("x.yaml:1: anchors"));
}

TEST(YamlText, KeysAreTextsAndStandOnce) {
  EXPECT_THAT(refusal_of("a: 1\nb: {{ run }}\n"), StartsWith("x.yaml:2: a key is a text"));
  EXPECT_THAT(refusal_of("? [a, b]\n: 1\n"), HasSubstr("a key is a text"));
  EXPECT_THAT(refusal_of("{a: 1}: 2\n"), HasSubstr("a key is a text"));
  EXPECT_THAT(refusal_of(": 1\n"), HasSubstr("without its key"));
  EXPECT_THAT(refusal_of("~: 1\n"), HasSubstr("without its key"));
  EXPECT_THAT(refusal_of("a: 1\nb: 2\na: 3\n"), StartsWith("x.yaml:3: 'a' stands twice, first in line 1"));
  EXPECT_THAT(refusal_of("t:\n  a: 1\nu:\n  a: 1\n  'a': 2\n"), StartsWith("x.yaml:5: 'a' stands twice"));
  EXPECT_THAT(refusal_of("t: {a: 1}\nt: {b: 1}\n"), HasSubstr("'t' stands twice"));
  EXPECT_THAT(refusal_of("l: [{a: 1, a: 2}]\n"), HasSubstr("'a' stands twice"));
}

TEST(YamlText, AValueThatIsNoneIsLeftOutOrQuoted) {
  for (const char* word : {"~", "null", "Null", "NULL"}) {
    EXPECT_THAT(refusal_of(fmt::format("a: 1\nb: {}\n", word)),
                StartsWith(fmt::format("x.yaml:2: {} is no value", word)));
    EXPECT_THAT(refusal_of(fmt::format("\xef\xbb\xbf"
                                       "é: [x, {}]\n",
                                       word)),
                HasSubstr("is no value"));
  }
}

TEST(YamlText, OneDocumentOfBoundedSizeAndDepthIsRead) {
  EXPECT_THAT(refusal_of("a: 1\n---\nb: 2\n"), StartsWith("x.yaml:2: a second document"));
  EXPECT_THAT(refusal_of("a: 1\n...\nb: 2\n"), HasSubstr("a second document"));
  EXPECT_THAT(refusal_of("a: 1\n---\n"), HasSubstr("a second document"));
  for (const std::size_t depth : {40U, 5'000U, 200'000U}) {
    const std::string lists = std::string(depth, '[') + std::string(depth, ']');
    EXPECT_THAT(refusal_of(lists), StartsWith("x.yaml:1: ")) << depth;
    EXPECT_THAT(refusal_of("a:\n  b: " + lists), StartsWith("x.yaml:2: ")) << depth;
    EXPECT_THAT(refusal_of(std::string(depth, '[')), StartsWith("x.yaml:1: ")) << depth;
    EXPECT_THAT(refusal_of(std::string(depth, '{')), StartsWith("x.yaml:1: ")) << depth;
  }
  std::string maps;
  for (int i = 0; i < 100; ++i) {
    maps += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  }
  EXPECT_THAT(refusal_of(maps), HasSubstr("nested deeper"));
  std::string dashes;
  for (int i = 0; i < 100; ++i) {
    dashes += "- ";
  }
  EXPECT_THAT(refusal_of(dashes), HasSubstr("nested deeper"));
  EXPECT_THAT(refusal_of("a: " + std::string(5 << 20, 'x')), HasSubstr("more than 4 MB"));
  EXPECT_EQ(parse_yaml_documents("---\na: 1\n---\na: 2\n", "x").size(), 2U);
  const testing::TemporaryFolder folder;
  write_file_atomically(folder / "big.yaml", std::string(5 << 20, '#'));
  EXPECT_THAT(error_of([&] { read_yaml_file(folder / "big.yaml"); }), HasSubstr("big.yaml: more than 4 MB"));
  EXPECT_THAT(error_of([&] { read_yaml_file(folder.path()); }), HasSubstr("is a folder"));
  EXPECT_THAT(error_of([&] { read_yaml_file(folder / "none.yaml"); }), HasSubstr("cannot be read"));
  EXPECT_THAT(error_of([&] { read_yaml_file("/dev/zero"); }), HasSubstr("more than 4 MB"));
}

TEST(YamlText, ControlCharactersAreRefused) {
  EXPECT_THAT(refusal_of("a: 1\nb: x\x04\nc: 2\n"), StartsWith("x.yaml:2: holds the control character 0x04"));
  EXPECT_THAT(refusal_of(std::string("a: 1\n\0b: 2\n", 11)), StartsWith("x.yaml:2: holds the control character 0x00"));
  EXPECT_THAT(refusal_of("# \x1b[31m\n"), HasSubstr("0x1b"));
  EXPECT_THAT(refusal_of(std::string("\xff\xfe"
                                     "a\0:\0 \0"
                                     "1\0\n\0",
                                     12)),
              HasSubstr("is text in UTF-16; save it in UTF-8"));
  EXPECT_THAT(refusal_of("\xfe\xff"), HasSubstr("is text in UTF-16; save it in UTF-8"));
}

TEST(YamlText, EveryTextIsWrittenSoThatItReadsBack) {
  std::vector<std::string> texts{"",
                                 " ",
                                 " lead",
                                 "trail ",
                                 "Trip #2",
                                 "# x",
                                 "a: b",
                                 "a:",
                                 ": a",
                                 "[x]",
                                 "{x}",
                                 "\"q\"",
                                 "it's",
                                 "'q'",
                                 "null",
                                 "~",
                                 "~/x",
                                 "yes",
                                 "0100",
                                 "1e3",
                                 "*x",
                                 "&x",
                                 "!t",
                                 "%x",
                                 "@x",
                                 "`x",
                                 "-",
                                 "- a",
                                 "?",
                                 "? a",
                                 "---",
                                 "...",
                                 "|",
                                 ">",
                                 "a,b",
                                 "\\",
                                 "a\\nb",
                                 "a\nb",
                                 "\n",
                                 "a\r\nb",
                                 "\r",
                                 "\t",
                                 "a\tb",
                                 "\x01",
                                 "\x04",
                                 "\x1b[0m",
                                 "\x7f",
                                 "<<",
                                 "é",
                                 "日本",
                                 "\xc2\x85",
                                 "\xe2\x80\xa8",
                                 "\xef\xbb\xbf",
                                 "\xef\xbb\xbfx",
                                 "caf\xe9",
                                 "caf\xe9 #1",
                                 "\xff: \xfe",
                                 "\xed\xa0\x80 #",
                                 "a\xe9\nb\"",
                                 std::string(3000, 'x') + ": y"};
  std::mt19937 random(7);
  const std::string signs = " #:'\"\\[]{},&*!|>%@`-?\n\r\t~ab0\xc3\xa9\xff\x04";
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (std::size_t n = random() % 6; n > 0; --n) {
      text += signs[random() % signs.size()];
    }
    texts.push_back(text);
  }
  for (const std::string& text : texts) {
    YAML::Node list(YAML::NodeType::Sequence);
    list.push_back(YAML::Node(text));
    list.push_back(YAML::Node(text));
    const std::string yaml = nested_yaml({{"a.b", yaml_of(YAML::Node(text))}, {"a.c", "1"}, {"d", yaml_of(list)}});
    YAML::Node read;
    ASSERT_EQ(error_of([&] { read = parse_yaml(yaml, "written"); }), "no error") << yaml;
    ASSERT_EQ(read["a"]["b"].Scalar(), text) << yaml;
    ASSERT_EQ(read["a"]["c"].Scalar(), "1") << yaml;
    ASSERT_EQ(read["d"][1].Scalar(), text) << yaml;
  }
}

TEST(YamlText, AListThatIsNotClosedIsSaidToBe) {
  for (const char* text : {"[1,2", "{a: 1", "a: [1, 2\nb: 3\n"}) {
    const std::string said = error_of([&] { parse_yaml(text, "x"); });
    EXPECT_THAT(said, ::testing::AnyOf(HasSubstr("close every [ and {"), HasSubstr("not valid YAML"))) << text;
  }
  EXPECT_THAT(error_of([&] { parse_yaml("[1,2", "x"); }), HasSubstr("close every [ and {"));
}

TEST(YamlText, NestsKeysInTheOrderInWhichTheyComeFirst) {
  EXPECT_EQ(nested_yaml({{"b.x", "1"}, {"a", "2"}, {"b.y.z", "[3]"}, {"b.x", "4"}}),
            "b:\n  x: 4\n  y:\n    z: [3]\na: 2\n");
  EXPECT_EQ(nested_yaml({}), "{}\n");
}

TEST(YamlText, ACommentIsOneLine) { EXPECT_EQ(yaml_comment("a\nb: c\x04"), "# a b: c \n"); }

}  // namespace
}  // namespace samsr
