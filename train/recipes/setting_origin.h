#pragma once

#include <span>
#include <string_view>

namespace samsr {

/// Where the value that a recipe's configuration gives a setting comes from.
enum class Origin {
  kPublished,  ///< the method's own publication
  kRelated,    ///< public code or papers of related methods
  kOurs,       ///< neither says it
};

/// What is known of one setting of a method that is not published as a whole.
struct SettingOrigin {
  std::string_view key;
  Origin origin;
  std::string_view note;
};

std::span<const SettingOrigin> vpdsr_origins();
std::span<const SettingOrigin> flowmap_origins();

}  // namespace samsr
