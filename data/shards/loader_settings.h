#pragma once

#include <cstdint>

#include "core/settings.h"

namespace samsr {

/// How samples are drawn from shards while training.
struct LoaderSettings {
  bool shuffle = true;
  int loader_threads = 1;
  int prefetch = 4;
  int max_bad = 16;

  /// Section `data.`.
  void bind(Settings& settings);
};

}  // namespace samsr
