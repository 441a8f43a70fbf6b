#include "core/setting_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "support/temporary_folder.h"

namespace samsr {
namespace {

struct Section {
  double rate = 0.1;
  std::string name = "a: b";
  std::vector<std::int64_t> sizes{1, 2};

  void bind(Settings& settings) {
    settings.add("part.rate", rate, "");
    settings.add("part.name", name, "");
    settings.add("part.sizes", sizes, "");
  }
};

TEST(SettingLines, AreOneAKeyInTheOrderOfDefinition) {
  EXPECT_EQ(section_lines(Section()), "part.rate: 0.1\npart.name: \"a: b\"\npart.sizes: [1, 2]\n");
  Section section;
  Settings registry;
  section.bind(registry);
  EXPECT_EQ(setting_lines(registry, [](const std::string& key) { return key != "part.name"; }),
            "part.rate: 0.1\npart.sizes: [1, 2]\n");
}

TEST(SettingLines, AFilesLineIsItsChecksum) {
  const testing::TemporaryFolder folder;
  const std::filesystem::path file = folder / "weights";
  write_file_atomically(file, "123456789");
  EXPECT_EQ(file_line("weights", file), "weights: e3069283\n");  // the check value of CRC-32C
  std::filesystem::remove(file);
  EXPECT_EQ(file_line("weights", {}), "");
  EXPECT_THROW(file_line("weights", file), UserError);
}

TEST(SettingLines, AreReadByTheirFirstColon) {
  EXPECT_EQ(split_setting_line("part.name: \"a: b\""), std::pair(std::string("part.name"), std::string("\"a: b\"")));
  EXPECT_EQ(split_setting_line("fact"), std::pair(std::string("fact"), std::string()));
  EXPECT_THAT(parse_setting_lines("b: 2\na: 1\nb: 3\n"),
              ::testing::ElementsAre(::testing::Pair("a", "1"), ::testing::Pair("b", "2")));
}

TEST(SettingLines, AreChosenByTheKeysOfOthers) {
  EXPECT_EQ(lines_with_keys_of("b: 2\na: 1\nab: 3\n", "a: 7\nb: \n"), "b: 2\na: 1\n");
  EXPECT_EQ(lines_with_keys_of("a: 1\n", ""), "");
}

TEST(SettingLines, TheFirstDifferenceIsNamed) {
  EXPECT_EQ(first_difference("a: 1\nb: 2\n", "a: 1\nb: 3\n"), "b is 2 there and 3 now");
  EXPECT_EQ(first_difference("a: 1\n", ""), "a is 1 there and not set now");
  EXPECT_EQ(first_difference("b: 2\na: 1\n", "a: 1\nb: 2\n"), "nothing differs");
}

}  // namespace
}  // namespace samsr
