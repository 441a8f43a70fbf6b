#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace samsr {

/// The fields of one entry of a catalogue in YAML. Every mistake is a UserError that names the source and line; a
/// field that nobody has asked for by the end is one.
class YamlEntry {
 public:
  /// `source` stands for the file in messages. UserError when `node` is no map.
  YamlEntry(const YAML::Node& node, std::string source);

  /// UserError when it is missing, or no text.
  std::string text(const std::string& key);
  /// Empty when it is missing.
  std::string optional_text(const std::string& key);
  /// 0 when it is missing; UserError when it is no whole number >= 0.
  std::int64_t count(const std::string& key);
  /// Empty when it is missing; UserError when it is no list of texts.
  std::vector<std::string> texts(const std::string& key);
  /// The entries of a list. UserError when it is missing, or no list.
  std::vector<YAML::Node> list(const std::string& key);

  /// UserError for a field that none of the calls above has asked for.
  void finish() const;
  /// UserError about this entry: source, line, `message`.
  [[noreturn]] void fail(const std::string& message) const;

 private:
  YAML::Node field(const std::string& key);
  [[noreturn]] void fail_at(const YAML::Node& node, const std::string& message) const;

  const YAML::Node node_;
  const std::string source_;
  std::vector<std::string> asked_;
};

/// The list called `key` of a catalogue. UserError when the text is no YAML, or has no such list.
std::vector<YAML::Node> yaml_catalogue(const std::string& yaml, const std::string& source, const std::string& key);

}  // namespace samsr
