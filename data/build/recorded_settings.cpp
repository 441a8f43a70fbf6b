#include "data/build/recorded_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "core/error.h"
#include "core/yaml_text.h"
#include "data/build/build.h"
#include "data/shards/content.h"

namespace samsr {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 4> kPlaces{
    {{"data", "images"}, {"masks", "weights"}, {"first_stage", "weights"}, {"train", "teacher_weights"}}};

}  // namespace

void load_recorded_settings(const Shard& shard, Settings& settings) {
  if (!split_content(shard.header().content).contains("pairs") || shard.find("hr") == nullptr ||
      shard.find("lr") == nullptr) {
    throw UserError("{}: the shards do not tell how their pairs were made", shard.path().parent_path().string());
  }
  settings.load_text(config_of_content(shard.header().content), shard.path().string());
}

void load_build_config(const std::filesystem::path& folder, Settings& settings) {
  if (std::filesystem::exists(folder / kBuildConfigFile)) {
    settings.load_file(folder / kBuildConfigFile);
  }
}

std::string recorded_places(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kBuildConfigFile;
  if (!std::filesystem::exists(file)) {
    return {};
  }
  const YAML::Node config = parse_yaml(read_yaml_file(file), file.string());
  std::vector<std::pair<std::string, std::string>> places;
  for (const auto& [section, name] : kPlaces) {
    const YAML::Node settings = config.IsMap() ? config[section] : YAML::Node();
    const YAML::Node place = settings.IsDefined() && settings.IsMap() ? settings[name] : YAML::Node();
    if (place.IsDefined() && (place.IsSequence() || (place.IsScalar() && !place.Scalar().empty()))) {
      places.emplace_back(fmt::format("{}.{}", section, name), yaml_of(place));
    }
  }
  return nested_yaml(places);
}

std::vector<std::string> recorded_stages(const Shard& shard) {
  const StageContents contents = split_content(shard.header().content);
  std::vector<std::string> stages;
  std::copy_if(stage_names().begin(), stage_names().end(), std::back_inserter(stages),
               [&](const std::string& name) { return contents.contains(name); });
  return stages;
}

void check_as_recorded(const Shard& shard, const std::string& stage, const std::string& lines) {
  const StageContents contents = split_content(shard.header().content);
  const std::string recorded = lines_with_keys_of(contents.at(stage), lines);
  const std::string ours = lines_with_keys_of(lines, recorded);
  if (parse_setting_lines(recorded) != parse_setting_lines(ours)) {
    throw UserError("{}: its stage {} was made with other settings: {}; give the settings and weights of then",
                    shard.path().parent_path().string(), stage, first_difference(recorded, ours));
  }
}

}  // namespace samsr
