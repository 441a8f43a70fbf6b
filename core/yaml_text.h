#pragma once
// The one reader and writer of YAML: plain data, whatever a stranger's file holds.

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace samsr {

/// The document in `text`; `source` stands for the file in messages. An empty text and an empty value are Null nodes.
/// UserError, one line "SOURCE:LINE: …", for a text that is no YAML, has more than 4 MB, is nested deeper than 32
/// levels, or holds a second document, an anchor, an alias, a merge key, a tag, a key that is no text or that stands
/// twice in its map, `~` or `null` without quotes, or a control character.
YAML::Node parse_yaml(const std::string& text, const std::string& source);

/// The documents of a text of up to 64 MB. Errors as parse_yaml().
std::vector<YAML::Node> parse_yaml_documents(const std::string& text, const std::string& source);

/// Content of a file for parse_yaml(). UserError when it cannot be read, or is larger than that takes.
std::string read_yaml_file(const std::filesystem::path& path);

/// A scalar, or a list of scalars and of maps of scalars, as YAML on one line that parse_yaml() reads back equal, bytes
/// that are no UTF-8 included.
std::string yaml_of(const YAML::Node& value);

/// Nested maps of values, each as YAML on one line under its dotted key, in the order in which keys come first; of a
/// key that comes twice the last value.
std::string nested_yaml(const std::vector<std::pair<std::string, std::string>>& values);

/// `text` as a comment of one line.
std::string yaml_comment(const std::string& text);

}  // namespace samsr
