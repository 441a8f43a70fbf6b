#include "core/setting_lines.h"

#include <set>
#include <sstream>

#include "core/checksum.h"

namespace samsr {

std::string setting_lines(const Settings& settings, const std::function<bool(const std::string& key)>& choose) {
  std::string lines;
  for (const Settings::Entry& entry : settings.entries()) {
    if (choose(entry.key)) {
      lines += entry.key + ": " + yaml_of(entry.current()) + "\n";
    }
  }
  return lines;
}

std::string file_line(const std::string& name, const std::filesystem::path& path) {
  if (path.empty()) {
    return {};
  }
  return fmt::format("{}: {:08x}\n", name, file_crc32c(path));
}

std::pair<std::string, std::string> split_setting_line(const std::string& line) {
  const std::size_t colon = line.find(": ");
  return {line.substr(0, colon), colon == std::string::npos ? "" : line.substr(colon + 2)};
}

std::map<std::string, std::string> parse_setting_lines(const std::string& lines) {
  std::map<std::string, std::string> values;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    values.insert(split_setting_line(line));
  }
  return values;
}

std::string lines_with_keys_of(const std::string& lines, const std::string& others) {
  const std::map<std::string, std::string> wanted = parse_setting_lines(others);
  std::string chosen;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    if (wanted.contains(split_setting_line(line).first)) {
      chosen += line + "\n";
    }
  }
  return chosen;
}

std::string first_difference(const std::string& theirs, const std::string& ours) {
  const auto there = parse_setting_lines(theirs);
  const auto now = parse_setting_lines(ours);
  const auto value = [](const auto& lines, const std::string& key) {
    const auto found = lines.find(key);
    return found == lines.end() ? std::string("not set") : found->second;
  };
  std::set<std::string> keys;
  for (const auto& lines : {there, now}) {
    for (const auto& [key, ignored] : lines) {
      keys.insert(key);
    }
  }
  for (const std::string& key : keys) {
    if (value(there, key) != value(now, key)) {
      return fmt::format("{} is {} there and {} now", key, value(there, key), value(now, key));
    }
  }
  return "nothing differs";
}

}  // namespace samsr
