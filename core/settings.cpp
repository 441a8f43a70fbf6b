#include "core/settings.h"

#include <algorithm>
#include <map>

#include "core/atomic_file.h"
#include "core/nearest_name.h"

namespace samsr {
namespace {

std::string one_line(const YAML::Node& node) {
  YAML::Emitter text;
  text.SetSeqFormat(YAML::Flow);
  text.SetMapFormat(YAML::Flow);
  text << node;
  return text.c_str();
}

struct Leaf {
  YAML::Node value;
  std::string place;
};

/// Leaves of nested maps under dotted keys, in the order of the text.
void flatten(const YAML::Node& node, const std::string& prefix, const std::string& name,
             std::vector<std::pair<std::string, Leaf>>& leaves) {
  for (const auto& pair : node) {
    const std::string key = prefix + pair.first.as<std::string>();
    const std::string place = fmt::format("{}:{}", name, pair.first.Mark().line + 1);
    if (pair.second.IsMap()) {
      flatten(pair.second, key + ".", name, leaves);
    } else {
      leaves.emplace_back(key, Leaf{pair.second, place});
    }
  }
}

YAML::Node parse(const std::string& text, const std::string& name) {
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    throw UserError("{}:{}: not valid YAML: {}", name, error.mark.line + 1, error.msg);
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

std::vector<std::string> settings_differences(const std::string& before_yaml, const std::string& after_yaml) {
  std::map<std::string, std::pair<std::string, std::string>> values;
  const auto read = [&](const std::string& text, std::string std::pair<std::string, std::string>::*side) {
    std::vector<std::pair<std::string, Leaf>> leaves;
    flatten(parse(text, "configuration"), "", "configuration", leaves);
    for (const auto& [key, leaf] : leaves) {
      values.try_emplace(key, "(none)", "(none)").first->second.*side = one_line(leaf.value);
    }
  };
  read(before_yaml, &std::pair<std::string, std::string>::first);
  read(after_yaml, &std::pair<std::string, std::string>::second);
  std::vector<std::string> differences;
  for (const auto& [key, value] : values) {
    if (value.first != value.second) {
      differences.push_back(fmt::format("{}: {} → {}", key, value.first, value.second));
    }
  }
  return differences;
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

void Settings::assign(const std::string& key, const YAML::Node& node, const std::string& place) {
  Entry* entry = find(key);
  if (entry == nullptr) {
    std::vector<std::string> known;
    bool section = false;
    for (const Entry& each : entries_) {
      known.push_back(each.key);
      section = section || each.key.starts_with(key + ".");
    }
    if (section) {
      throw UserError("{}: {} is a section, not a value; set one of its keys, such as {}.…", place, key, key);
    }
    throw UserError("{}: unknown key '{}'{}; `samsr settings` lists them all", place, key, did_you_mean(key, known));
  }
  const std::string expected = entry->type + (entry->expected.empty() ? "" : fmt::format(" ({})", entry->expected));
  const YAML::Node before = entry->current();
  try {
    entry->assign(node);
  } catch (const YAML::Exception&) {
    throw UserError("{}: {} is '{}', expected {}", place, key, one_line(node), expected);
  }
  for (const auto& check : entry->checks) {
    if (!check()) {
      entry->assign(before);
      throw UserError("{}: {} is '{}', expected {}", place, key, one_line(node), expected);
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
  YAML::Node root = parse(read_file(path), path.string());
  if (root.IsMap() && root["base"]) {
    if (!root["base"].IsScalar()) {
      throw UserError("{}:{}: base is the name of one file", path.string(), root["base"].Mark().line + 1);
    }
    load_chain(path.parent_path() / root["base"].Scalar(), including);
    root.remove("base");
  }
  load_node(root, path.string());
}

void Settings::load_text(const std::string& text, const std::string& name) { load_node(parse(text, name), name); }

void Settings::load_unset(const std::string& text, const std::string& name) {
  load_node(parse(text, name), name, Reach::kUnset);
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
    if (reach == Reach::kAll || origin(key) == "default") {
      assign(key, leaf.value, leaf.place);
    }
  }
}

void Settings::apply_override(const std::string& assignment) {
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UserError("'{}': an override has the form key=value, such as train.lr=1e-4", assignment);
  }
  YAML::Node value;
  try {
    value = YAML::Load(assignment.substr(equals + 1));
  } catch (const YAML::Exception& error) {
    throw UserError("'{}': the value is not valid YAML: {}", assignment, error.msg);
  }
  if (value.IsNull()) {
    value = YAML::Node("");
  }
  assign(assignment.substr(0, equals), value, "'" + assignment + "'");
}

std::string Settings::to_yaml() const {
  YAML::Node root(YAML::NodeType::Map);
  for (const Entry& entry : entries_) {
    YAML::Node at = root;
    std::string rest = entry.key;
    for (std::size_t dot = rest.find('.'); dot != std::string::npos; dot = rest.find('.')) {
      at.reset(at[rest.substr(0, dot)]);
      rest.erase(0, dot + 1);
    }
    at[rest] = entry.current();
  }
  YAML::Emitter text;
  text << root;
  return std::string(text.c_str()) + "\n";
}

}  // namespace samsr
