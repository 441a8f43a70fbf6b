#include "degradation/presets.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "embedded/degradation_bicubic_yaml.h"
#include "embedded/degradation_realesrgan_yaml.h"
#include "embedded/degradation_resshift_testing_yaml.h"
#include "embedded/degradation_resshift_v1_yaml.h"

namespace samsr {
namespace {

/// Name → the text of configs/degradation/NAME.yaml.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kPresets{{
    {"none", ""},
    {"realesrgan", embedded::degradation_realesrgan_yaml},
    {"resshift_v1", embedded::degradation_resshift_v1_yaml},
    {"resshift_testing", embedded::degradation_resshift_testing_yaml},
    {"bicubic", embedded::degradation_bicubic_yaml},
}};

}  // namespace

std::vector<std::string> degradation_presets() {
  std::vector<std::string> names;
  for (const auto& [name, text] : kPresets) {
    names.emplace_back(name);
  }
  return names;
}

std::string degradation_preset(const std::string& name) {
  const auto* found =
      std::find_if(kPresets.begin(), kPresets.end(), [&](const auto& preset) { return preset.first == name; });
  if (found == kPresets.end()) {
    throw std::logic_error("no preset " + name);
  }
  return std::string(found->second);
}

}  // namespace samsr
