#pragma once

#include <string>

#include "core/settings.h"

namespace samsr {

/// Loads a configuration of configs/ as it was when the program was built, its bases first, so that an official model
/// needs no file beside it. `name`: "resshift_x4.yaml", "sinsr_x4.yaml", "samsr_released_x4.yaml", "tadsr_x4.yaml" or
/// "rsd_x4.yaml"; std::logic_error for others.
void load_shipped_config(const std::string& name, Settings& settings);

}  // namespace samsr
