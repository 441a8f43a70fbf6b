#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/settings.h"

namespace samsr {

/// The form of a discriminator. Section `discriminator.`.
struct DiscriminatorNetworkSettings {
  std::string sees = "features";
  std::int64_t channels = 64;
  std::int64_t c_dim = 64;
  std::int64_t kernel = 9;
  std::int64_t groups = 4;
  double slope = 0.2;

  /// Asks the teacher for its features.
  bool sees_features() const { return sees == "features"; }
  void bind(Settings& settings);
  /// UserError unless the groups divide each of `feature_channels` and the kernel fits maps of `fewest` positions.
  void check_features(const std::vector<std::int64_t>& feature_channels, std::int64_t fewest) const;
};

}  // namespace samsr
