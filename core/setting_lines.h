#pragma once
// Lines "key: value": the text in which a shard says what its bytes depend on. Settings stand under their dotted keys,
// facts, such as the checksum of a file, under keys without a dot. Equal lines mean equal bytes.

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "core/settings.h"

namespace samsr {

/// Lines of the settings whose key `choose` accepts, in the order of their definition.
std::string setting_lines(const Settings& settings, const std::function<bool(const std::string& key)>& choose);

/// Lines of all settings of one section, which is a struct with bind().
template <class Section>
std::string section_lines(Section section) {
  Settings registry;
  section.bind(registry);
  return setting_lines(registry, [](const std::string&) { return true; });
}

/// "name: 1a2b3c4d": the CRC-32C of a file, such as weights; empty when `path` is. UserError when the file cannot be
/// read.
std::string file_line(const std::string& name, const std::filesystem::path& path);

/// (key, value) of one line without its end; the value is empty where there is none.
std::pair<std::string, std::string> split_setting_line(const std::string& line);

/// Key → value; of a key that stands twice the first.
std::map<std::string, std::string> parse_setting_lines(const std::string& lines);

/// Of `lines` those whose key is one of `others`' keys, in their order.
std::string lines_with_keys_of(const std::string& lines, const std::string& others);

/// The first key, in alphabetical order, in which two lists of lines differ, as "key is 1 there and 2 now"; keys that
/// only one of them has count as "not set".
std::string first_difference(const std::string& theirs, const std::string& ours);

}  // namespace samsr
