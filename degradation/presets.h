#pragma once

#include <string>
#include <vector>

namespace samsr {

/// Names of the published degradations, for degradation.preset: "none", and the files of configs/degradation, whose
/// heads name their sources.
std::vector<std::string> degradation_presets();

/// What the preset sets, as YAML for Settings::load_unset(): the text of configs/degradation/NAME.yaml as it was when
/// the program was built; empty for "none". std::logic_error for other names.
std::string degradation_preset(const std::string& name);

}  // namespace samsr
