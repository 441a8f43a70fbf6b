#pragma once

#include <cstdint>
#include <string>

#include "core/settings.h"

namespace samsr {

/// How samples are drawn while training.
struct LoaderSettings {
  std::string degrade = "cached";
  bool shuffle = true;
  int loader_threads = 1;
  int prefetch = 4;
  int max_bad = 16;

  /// Section `data.`.
  void bind(Settings& settings);
  /// Whether pairs are degraded while training.
  bool online() const { return degrade == "online"; }
};

}  // namespace samsr
