#include "launch/shipped_config.h"

#include <stdexcept>
#include <string_view>

#include "core/yaml_text.h"
#include "embedded/resshift_x4_yaml.h"
#include "embedded/rsd_x4_yaml.h"
#include "embedded/samsr_released_x4_yaml.h"
#include "embedded/sinsr_x4_yaml.h"
#include "embedded/tadsr_x4_yaml.h"

namespace samsr {
namespace {

std::string_view text_of(const std::string& name) {
  if (name == "resshift_x4.yaml") {
    return embedded::resshift_x4_yaml;
  }
  if (name == "sinsr_x4.yaml") {
    return embedded::sinsr_x4_yaml;
  }
  if (name == "samsr_released_x4.yaml") {
    return embedded::samsr_released_x4_yaml;
  }
  if (name == "tadsr_x4.yaml") {
    return embedded::tadsr_x4_yaml;
  }
  if (name == "rsd_x4.yaml") {
    return embedded::rsd_x4_yaml;
  }
  throw std::logic_error("no shipped configuration is called " + name);
}

}  // namespace

void load_shipped_config(const std::string& name, Settings& settings) {
  YAML::Node root = parse_yaml(std::string(text_of(name)), "configs/" + name);
  if (root["base"]) {
    load_shipped_config(root["base"].Scalar(), settings);
    root.remove("base");
  }
  settings.load_text(YAML::Dump(root), "configs/" + name);
}

}  // namespace samsr
