#include "data/shards/content.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>

#include "core/error.h"
#include "data/shards/batch.h"
#include "data/shards/sample.h"
#include "models/weights/printable.h"

namespace samsr {
namespace {

/// What a setting's line may have. Nodes of YAML are walked by recursion.
constexpr std::size_t kLongestLine = 1 << 16;
constexpr std::ptrdiff_t kMostSections = 8;

bool is_heading(const std::string& line) { return line.starts_with("[") && line.ends_with("]"); }

}  // namespace

const std::vector<std::string>& stage_names() {
  static const std::vector<std::string> kNames{"pairs", "masks", "latents", "rollout"};
  return kNames;
}

std::string_view stage_of_field(std::string_view field) {
  for (const BatchField& known : batch_fields()) {
    if (field == known.dataset) {
      return known.stage;
    }
  }
  if (field == kSourceField) {
    return "pairs";
  }
  if (field == kMasksField) {
    return "masks";
  }
  return field == kNoiseSeedDataset ? "rollout" : "";
}

bool stage_depends_on(std::string_view stage, std::string_view earlier) {
  if (stage == "rollout") {
    return earlier != "rollout";
  }
  return stage != "pairs" && earlier == "pairs";
}

StageContents split_content(const std::string& content) {
  StageContents contents;
  std::string* lines = nullptr;
  std::istringstream in(content);
  for (std::string line; std::getline(in, line);) {
    if (is_heading(line)) {
      lines = &contents[line.substr(1, line.size() - 2)];
    } else if (lines != nullptr) {
      *lines += line + "\n";
    }
  }
  return contents;
}

std::string join_content(const StageContents& contents) {
  std::string content;
  for (const std::string& stage : stage_names()) {
    if (const auto found = contents.find(stage); found != contents.end()) {
      content += fmt::format("[{}]\n{}", stage, found->second);
    }
  }
  return content;
}

std::string config_of_content(const std::string& content) {
  YAML::Node root(YAML::NodeType::Map);
  std::istringstream in(content);
  for (std::string line; std::getline(in, line);) {
    auto [key, value] = split_setting_line(line);
    if (is_heading(line) || key.find('.') == std::string::npos) {
      continue;
    }
    if (line.size() > kLongestLine || std::count(key.begin(), key.end(), '.') > kMostSections) {
      throw UserError("the shard's attribute `content` has a line that no setting has: {}", printable(line));
    }
    try {
      YAML::Node at = root;
      for (std::size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.')) {
        at.reset(at[key.substr(0, dot)]);
        key.erase(0, dot + 1);
      }
      at[key] = YAML::Load(value);
    } catch (const YAML::Exception&) {
      throw UserError("the shard's attribute `content` has a line that is no setting: {}", printable(line));
    }
  }
  YAML::Emitter text;
  text << root;
  return std::string(text.c_str()) + "\n";
}

}  // namespace samsr
