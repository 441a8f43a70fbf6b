#pragma once
// Settings of the networks out of a golden file's config.

#include <yaml-cpp/yaml.h>

#include <initializer_list>
#include <string>

#include "core/settings.h"
#include "models/first_stage/vq_autoencoder.h"
#include "models/unet/unet_settings.h"

namespace samsr::testing {

/// Reads `node` as the section `name` into a group of settings. Keys of the reference code that the settings
/// have no use for are in `dropped`.
template <class Group>
Group settings_of(const YAML::Node& node, const std::string& name, std::initializer_list<const char*> dropped = {}) {
  YAML::Node section = YAML::Clone(node);
  for (const char* key : dropped) {
    section.remove(key);
  }
  YAML::Node root;
  root[name] = section;
  Group group;
  Settings settings;
  group.bind(settings);
  settings.load_text(YAML::Dump(root), "golden config");
  return group;
}

inline UNetSettings unet_settings(const YAML::Node& node) {
  return settings_of<UNetSettings>(node, "unet", {"dims", "use_fp16"});
}

inline AutoencoderSettings autoencoder_settings(const YAML::Node& node) {
  return settings_of<AutoencoderSettings>(node, "autoencoder");
}

}  // namespace samsr::testing
