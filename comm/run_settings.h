#pragma once

#include <string>

#include "core/settings.h"

namespace samsr {

/// Where a program computes, whatever it does: training, building, upscaling and measuring alike. Its keys lie in the
/// section `train.`.
struct RunSettings {
  std::string device = "auto";
  int threads = 0;

  void bind(Settings& settings);
};

}  // namespace samsr
