#include "core/yaml_entry.h"

#include <algorithm>

#include "core/error.h"
#include "core/nearest_name.h"
#include "core/setting_value.h"
#include "core/yaml_text.h"

namespace samsr {

YamlEntry::YamlEntry(const YAML::Node& node, std::string source) : node_(node), source_(std::move(source)) {
  if (!node.IsMap()) {
    fail("expected an entry of the form 'key: value'");
  }
}

void YamlEntry::fail_at(const YAML::Node& node, const std::string& message) const {
  throw UserError("{}:{}: {}", source_, node.Mark().line + 1, message);
}

void YamlEntry::fail(const std::string& message) const { fail_at(node_, message); }

YAML::Node YamlEntry::field(const std::string& key) {
  asked_.push_back(key);
  return node_[key];
}

std::string YamlEntry::optional_text(const std::string& key) {
  const YAML::Node value = field(key);
  std::string text;
  try {
    if (value) {
      read_value(value, text);
    }
  } catch (const BadValue&) {
    fail_at(value, key + ": expected text");
  }
  return text;
}

std::string YamlEntry::text(const std::string& key) {
  const std::string value = optional_text(key);
  if (value.empty()) {
    fail("an entry lacks '" + key + "'");
  }
  return value;
}

std::int64_t YamlEntry::count(const std::string& key) {
  const YAML::Node value = field(key);
  std::int64_t number = 0;
  try {
    if (value) {
      read_value(value, number);
    }
  } catch (const BadValue&) {
    number = -1;
  }
  if (number < 0) {
    fail_at(value, key + ": expected a whole number");
  }
  return number;
}

std::vector<std::string> YamlEntry::texts(const std::string& key) {
  const YAML::Node value = field(key);
  std::vector<std::string> texts;
  try {
    if (value) {
      read_value(value, texts);
    }
  } catch (const BadValue&) {
    fail_at(value, key + ": expected a list of texts");
  }
  return texts;
}

std::vector<YAML::Node> YamlEntry::list(const std::string& key) {
  const YAML::Node value = field(key);
  if (!value || !value.IsSequence()) {
    fail_at(value ? value : node_, "expected a list called '" + key + "'");
  }
  return {value.begin(), value.end()};
}

void YamlEntry::finish() const {
  for (const auto& each : node_) {
    const std::string& key = each.first.Scalar();
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) {
      fail_at(each.first, fmt::format("unknown field '{}'{}", key, did_you_mean(key, asked_)));
    }
  }
}

std::vector<YAML::Node> yaml_catalogue(const std::string& yaml, const std::string& source, const std::string& key) {
  const YAML::Node root = parse_yaml(yaml, source);
  if (!root.IsMap() || !root[key] || !root[key].IsSequence()) {
    throw UserError("{}: expected a list called '{}'", source, key);
  }
  const YAML::Node list = root[key];
  return {list.begin(), list.end()};
}

}  // namespace samsr
