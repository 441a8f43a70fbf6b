#include "core/json_entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kLatin1 = "caf\xe9";  // "café" in an older encoding

std::string refusal(const std::string& text, void (*read)(const JsonEntry&)) {
  return testing::error_of([&] { read(JsonEntry::parse(text, "a.json")); });
}

TEST(JsonEntry, EveryMistakeNamesFileKeyAndWhatWasExpected) {
  EXPECT_THAT(testing::error_of([] { JsonEntry::parse("{\"a\": 1", "a.json"); }),
              AllOf(HasSubstr("a.json"), HasSubstr("no JSON")));
  EXPECT_EQ(refusal("{}", [](const JsonEntry& entry) { entry.text("name"); }), "a.json: 'name' is missing");
  EXPECT_EQ(refusal("{\"name\": 3}", [](const JsonEntry& entry) { entry.text("name"); }),
            "a.json: name: expected a text, found 3");
  EXPECT_EQ(refusal("{\"list\": [{\"n\": 1}, {\"n\": \"x\"}]}",
                    [](const JsonEntry& entry) {
                      for (const JsonEntry& each : entry.list("list")) {
                        each.number("n");
                      }
                    }),
            "a.json: list[1].n: expected a number, found \"x\"");
  EXPECT_THAT(refusal("{\"n\": -1}", [](const JsonEntry& entry) { entry.count("n"); }), HasSubstr("of at least 0"));
  EXPECT_THAT(refusal("[1]", [](const JsonEntry& entry) { entry.count("n"); }), HasSubstr("an object with 'n'"));
  EXPECT_THAT(refusal("{\"a\": null}", [](const JsonEntry& entry) { entry.flag("a"); }), HasSubstr("true or false"));
}

TEST(JsonEntry, AKeyOfTheFileDoesNotBreakTheLine) {
  const std::string message = refusal(R"({"files": {"a\nb\u0001c": -1}})", [](const JsonEntry& entry) {
    for (const auto& [name, count] : entry.object("files").items()) {
      count.as_count();
    }
  });
  EXPECT_THAT(message, HasSubstr("a?b?c"));
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(JsonEntry, WhatMayBeMissingHasItsOtherwise) {
  const JsonEntry entry = JsonEntry::parse("{\"null\": null, \"n\": 2}", "a.json");
  EXPECT_EQ(entry.text("none", "x"), "x");
  EXPECT_EQ(entry.number("null", 1.5), 1.5);
  EXPECT_EQ(entry.number("n", 1.5), 2);
  EXPECT_FALSE(entry.has("null"));
}

TEST(JsonText, ShowsWhatIsNotUtf8AndKeepsItsBytes) {
  EXPECT_EQ(shown_text(kLatin1), "caf\xef\xbf\xbd");
  EXPECT_EQ(shown_text("café \"x\"\n"), "café \"x\"\n");
  for (const std::string& name : {std::string(kLatin1), std::string("caf\xe8"), std::string("café"), std::string(),
                                  std::string("\xff\xfe/\x80.png"), std::string("\xef\xbf\xbd")}) {
    nlohmann::ordered_json entry;
    put_exact_text(entry, "image", name);
    EXPECT_EQ(entry.contains("image_bytes"), shown_text(name) != name);
    EXPECT_EQ(JsonEntry::parse(json_text(entry), "a.json").exact_text("image"), name);
  }
}

}  // namespace
}  // namespace samsr
