#include "core/settings.h"

#include <algorithm>
#include <map>

#include "core/nearest_name.h"
#include "core/user_path.h"

namespace samsr {
namespace {

constexpr std::size_t kLongestValueShown = 200;

/// A value for a message.
std::string shown(const YAML::Node& node) {
  const std::string yaml = node.IsNull() ? std::string() : yaml_of(node);
  return yaml.size() > kLongestValueShown ? yaml.substr(0, kLongestValueShown) + "…" : yaml;
}

/// An argument for a message of one line.
std::string argument_shown(const std::string& argument) {
  std::string text = "'" + argument + "'";
  std::replace_if(
      text.begin(), text.end(), [](char each) { return static_cast<unsigned char>(each) < 0x20; }, '?');
  return text;
}

struct Leaf {
  YAML::Node value;
  std::string place;
};

/// Leaves of nested maps under dotted keys, in the order of the text; a map without keys is one too.
void flatten(const YAML::Node& node, const std::string& prefix, const std::string& name,
             std::vector<std::pair<std::string, Leaf>>& leaves) {
  for (const auto& pair : node) {
    const std::string key = prefix + pair.first.Scalar();
    const std::string place = fmt::format("{}:{}", name, pair.first.Mark().line + 1);
    if (pair.second.IsMap() && pair.second.size() > 0) {
      flatten(pair.second, key + ".", name, leaves);
    } else {
      leaves.emplace_back(key, Leaf{pair.second, place});
    }
  }
}

}  // namespace

std::string settings_table(const Settings& settings) {
  std::string table = "| key | default | type | meaning |\n| --- | --- | --- | --- |\n";
  for (const Settings::Entry& entry : settings.entries()) {
    table += fmt::format("| `{}` | `{}` | {}{} | {} |\n", entry.key, entry.default_value, entry.type,
                         entry.expected.empty() ? "" : ": " + entry.expected, entry.help);
  }
  return table;
}

std::vector<std::string> settings_differences(const std::string& before_yaml, const std::string& before,
                                              const std::string& after_yaml) {
  std::map<std::string, std::pair<std::string, std::string>> values;
  const auto read = [&](const std::string& text, const std::string& source,
                        std::string std::pair<std::string, std::string>::*side) {
    std::vector<std::pair<std::string, Leaf>> leaves;
    flatten(parse_yaml(text, source), "", source, leaves);
    for (const auto& [key, leaf] : leaves) {
      values.try_emplace(key, "(none)", "(none)").first->second.*side = leaf.value.IsNull() ? "" : yaml_of(leaf.value);
    }
  };
  read(before_yaml, before, &std::pair<std::string, std::string>::first);
  read(after_yaml, "the settings", &std::pair<std::string, std::string>::second);
  std::vector<std::string> differences;
  for (const auto& [key, value] : values) {
    if (value.first != value.second) {
      differences.push_back(fmt::format("{}: {} → {}", key, value.first, value.second));
    }
  }
  return differences;
}

void Settings::add_entry(Entry entry) {
  entry.default_value = yaml_of(entry.current());
  entries_.push_back(std::move(entry));
}

Settings::Entry* Settings::find(const std::string& key) {
  for (Entry& entry : entries_) {
    if (entry.key == key) {
      return &entry;
    }
  }
  return nullptr;
}

std::string Settings::origin(const std::string& key) const {
  for (const Entry& entry : entries_) {
    if (entry.key == key) {
      return entry.origin.empty() ? "default" : entry.origin;
    }
  }
  throw std::logic_error("no setting " + key);
}

std::string Settings::value(const std::string& key, const std::string& place) const {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) { return each.key == key; });
  if (entry == entries_.end()) {
    refuse_unknown(key, place);
  }
  const YAML::Node node = entry->current();
  return node.IsScalar() ? node.Scalar() : yaml_of(node);
}

void Settings::refuse_unknown(const std::string& key, const std::string& place) const {
  std::vector<std::string> known;
  for (const Entry& each : entries_) {
    known.push_back(each.key);
  }
  if (is_section(key)) {
    throw UserError("{}: {} is a section, not a value; name one of its keys, such as {}.…", place, key, key);
  }
  throw UserError("{}: unknown key {}{}; `samsr settings` lists them all", place, argument_shown(key),
                  did_you_mean(key, known));
}

void Settings::assign(const std::string& key, const YAML::Node& node, const std::string& place) {
  Entry* entry = find(key);
  if (entry == nullptr) {
    refuse_unknown(key, place);
  }
  const auto refuse = [&](const std::string& advice) {
    throw UserError("{}: {} is '{}', expected {}{}{}", place, key, shown(node), entry->type,
                    entry->expected.empty() ? "" : fmt::format(" ({})", entry->expected),
                    advice.empty() ? "" : "; " + advice);
  };
  const YAML::Node before = entry->current();
  try {
    entry->assign(entry->path && node.IsScalar() ? YAML::Node(user_path(node.Scalar())) : node);
  } catch (const BadValue& bad) {
    refuse(bad.what());
  } catch (const UserError& error) {
    throw UserError("{}: {}: {}", place, key, error.what());
  }
  for (const auto& check : entry->checks) {
    if (!check()) {
      entry->assign(before);
      refuse("");
    }
  }
  entry->origin = place;
}

void Settings::load_file(const std::filesystem::path& path) { load_chain(path, {}); }

void Settings::load_chain(const std::filesystem::path& path, std::vector<std::filesystem::path> including) {
  const std::filesystem::path canonical = std::filesystem::weakly_canonical(path);
  if (std::find(including.begin(), including.end(), canonical) != including.end()) {
    throw UserError("{}: is its own base", path.string());
  }
  including.push_back(canonical);
  YAML::Node root = parse_yaml(read_yaml_file(path), path.string());
  if (root.IsMap() && root["base"]) {
    if (!root["base"].IsScalar()) {
      throw UserError("{}:{}: base is the name of one file", path.string(), root["base"].Mark().line + 1);
    }
    load_chain(path.parent_path() / user_path(root["base"].Scalar()), including);
    root.remove("base");
  }
  load_node(root, path.string());
}

void Settings::load_text(const std::string& text, const std::string& name) { load_node(parse_yaml(text, name), name); }

void Settings::load_unset(const std::string& text, const std::string& name) {
  load_node(parse_yaml(text, name), name, Reach::kUnset);
}

bool Settings::is_section(const std::string& key) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& each) { return each.key.starts_with(key + "."); });
}

void Settings::load_node(const YAML::Node& root, const std::string& name, Reach reach) {
  if (root.IsNull()) {
    return;
  }
  if (!root.IsMap()) {
    throw UserError("{}: not a map of settings (key: value)", name);
  }
  std::vector<std::pair<std::string, Leaf>> leaves;
  flatten(root, "", name, leaves);
  std::map<std::string, std::string> seen;
  for (const auto& [key, leaf] : leaves) {
    const auto [first, fresh] = seen.emplace(key, leaf.place);
    if (!fresh) {
      throw UserError("{}: {} is set twice, first at {}", leaf.place, key, first->second);
    }
    const bool empty = leaf.value.IsNull() || leaf.value.IsMap();
    if (!(empty && is_section(key)) && (reach == Reach::kAll || origin(key) == "default")) {
      assign(key, leaf.value, leaf.place);
    }
  }
}

void Settings::apply_override(const std::string& assignment) {
  const std::string place = argument_shown(assignment);
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UserError("{}: an override has the form key=value, such as train.lr=1e-4", place);
  }
  const std::string key = assignment.substr(0, equals);
  const std::string value = assignment.substr(equals + 1);
  const Entry* entry = find(key);
  const bool list = entry != nullptr && (entry->type.starts_with("a list") || (entry->list && value.starts_with('[')));
  assign(key, list ? parse_yaml(value, place) : YAML::Node(value), place);
}

std::string Settings::to_yaml() const {
  std::vector<std::pair<std::string, std::string>> values;
  for (const Entry& entry : entries_) {
    values.emplace_back(entry.key, yaml_of(entry.current()));
  }
  return nested_yaml(values);
}

}  // namespace samsr
