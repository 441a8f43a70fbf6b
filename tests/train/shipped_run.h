#pragma once
// The shipped configurations of runs, configs/*_x4.yaml, as the program resolves them through all bases.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>

#include "core/settings.h"
#include "launch/config.h"

namespace samsr::testing {

inline std::filesystem::path config(const std::string& name) { return std::filesystem::path(SAMSR_CONFIGS) / name; }

/// Everything that a configuration of a run may set.
struct ShippedRun : Config {
  explicit ShippedRun(const std::filesystem::path& file) {
    bind(settings);
    settings.load_file(file);
  }

  Settings settings;
};

/// How often something happened, against its probability: within four standard deviations.
inline void expect_share(std::int64_t times, std::int64_t of, double probability, const std::string& what) {
  const double deviation = std::sqrt(probability * (1 - probability) / static_cast<double>(of));
  EXPECT_NEAR(static_cast<double>(times) / static_cast<double>(of), probability, 4 * deviation) << what;
}

}  // namespace samsr::testing
