#include "core/yaml_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::HasSubstr;

using testing::error_of;

TEST(YamlEntry, FieldsHaveTheirKinds) {
  YamlEntry entry(YAML::Load("{name: a, count: 3, list: [x, y], note: ''}"), "f.yaml");
  EXPECT_EQ(entry.text("name"), "a");
  EXPECT_EQ(entry.count("count"), 3);
  EXPECT_EQ(entry.texts("list"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(entry.optional_text("note"), "");
  EXPECT_EQ(entry.optional_text("absent"), "");
  EXPECT_EQ(entry.count("absent"), 0);
  EXPECT_TRUE(entry.texts("absent").empty());
  EXPECT_NO_THROW(entry.finish());
}

TEST(YamlEntry, MistakesNameTheirLine) {
  const YAML::Node node = YAML::Load("name: [a]\ncount: -1\nlist: x\nsurplus: 1\n");
  YamlEntry entry(node, "f.yaml");
  EXPECT_THAT(error_of([&] { entry.text("name"); }), HasSubstr("f.yaml:1: name: expected text"));
  EXPECT_THAT(error_of([&] { entry.count("count"); }), HasSubstr("f.yaml:2: count: expected a whole number"));
  EXPECT_THAT(error_of([&] { entry.texts("list"); }), HasSubstr("f.yaml:3: list: expected a list"));
  EXPECT_THAT(error_of([&] { entry.text("absent"); }), HasSubstr("f.yaml:1: an entry lacks 'absent'"));
  EXPECT_THAT(error_of([&] { entry.finish(); }), HasSubstr("f.yaml:4: unknown field 'surplus'"));
  EXPECT_THAT(error_of([&] { YamlEntry(YAML::Load("[a]"), "f.yaml"); }), HasSubstr("expected an entry"));
}

TEST(YamlEntry, ValuesAreReadAsThoseOfSettings) {
  const YAML::Node node = YAML::Load("a:\nb: 0100\nc: [0100, yes]\nd: 1e3\ne: 99999999999999999999\n");
  YamlEntry entry(node, "f.yaml");
  EXPECT_EQ(entry.optional_text("a"), "");
  EXPECT_EQ(entry.texts("c"), (std::vector<std::string>{"0100", "yes"}));
  for (const char* key : {"a", "b", "d", "e"}) {
    EXPECT_THAT(error_of([&] { entry.count(key); }), HasSubstr("expected a whole number")) << key;
  }
}

TEST(YamlCatalogue, IsAListUnderItsName) {
  EXPECT_EQ(yaml_catalogue("things: [1, 2]", "f.yaml", "things").size(), 2U);
  EXPECT_THAT(error_of([] { yaml_catalogue("others: []", "f.yaml", "things"); }), HasSubstr("a list called 'things'"));
  EXPECT_THAT(error_of([] { yaml_catalogue("a: [", "f.yaml", "things"); }), HasSubstr("f.yaml:"));
  EXPECT_THAT(error_of([] { yaml_catalogue("things: &a [*a]", "f.yaml", "things"); }), HasSubstr("f.yaml:1: anchors"));
  EXPECT_THAT(error_of([] { yaml_catalogue("things: [{{a}}]", "f.yaml", "things"); }), HasSubstr("f.yaml:1: "));
}

}  // namespace
}  // namespace samsr
