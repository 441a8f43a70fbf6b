#include "data/shards/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "core/error.h"
#include "core/yaml_text.h"
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

const std::vector<std::string>& stages_as_done() {
  static const std::vector<std::string> kNames{"pairs", "latents", "masks", "rollout"};
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

bool stage_depends_on(std::string_view stage, std::string_view content, std::string_view earlier) {
  if (stage == "rollout") {
    return earlier != "rollout";
  }
  const bool of_latents = stage == "masks" && content.find(kMasksOfLatents) != std::string_view::npos;
  return (stage != "pairs" && earlier == "pairs") || (of_latents && earlier == "latents");
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
  std::vector<std::pair<std::string, std::string>> settings;
  std::istringstream in(content);
  for (std::string line; std::getline(in, line);) {
    const auto setting = split_setting_line(line);
    if (!is_heading(line) && setting.first.find('.') != std::string::npos) {
      if (line.size() > kLongestLine || std::count(setting.first.begin(), setting.first.end(), '.') > kMostSections) {
        throw UserError("the shard's attribute `content` has a line that no setting has: {}", printable(line));
      }
      settings.push_back(setting);
    }
  }
  return nested_yaml(settings);
}

}  // namespace samsr
