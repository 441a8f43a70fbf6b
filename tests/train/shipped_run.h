#pragma once
// The shipped configurations of runs, configs/*_x4.yaml, as the program resolves them through all bases.

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
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

/// Scalars as numbers where they are numbers: 5e-5 is 5.0e-5.
inline bool same_value(const YAML::Node& a, const YAML::Node& b) {
  if (a.IsSequence() != b.IsSequence() || a.size() != b.size()) {
    return false;
  }
  if (a.IsSequence()) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (!same_value(a[i], b[i])) {
        return false;
      }
    }
    return true;
  }
  try {
    return a.as<double>() == b.as<double>();
  } catch (const YAML::BadConversion&) {
    return a.Scalar() == b.Scalar();
  }
}

/// The settings have these values.
inline void expect_values(const Settings& settings, const YAML::Node& published, const std::string& prefix) {
  for (const auto& pair : published) {
    const std::string key = prefix + pair.first.as<std::string>();
    if (pair.second.IsMap()) {
      expect_values(settings, pair.second, key + ".");
      continue;
    }
    const auto entry = std::ranges::find(settings.entries(), key, &Settings::Entry::key);
    ASSERT_NE(entry, settings.entries().end()) << key;
    EXPECT_TRUE(same_value(entry->current(), pair.second))
        << key << " is " << YAML::Dump(entry->current()) << ", published " << YAML::Dump(pair.second);
  }
}

}  // namespace samsr::testing
