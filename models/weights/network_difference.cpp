#include "models/weights/network_difference.h"

#include <fmt/format.h>

#include "core/setting_lines.h"

namespace samsr {

std::string difference_of_networks(const TensorFile& one, const TensorFile& other) {
  for (const char* key : {"kind", "variant", "scale", "config"}) {
    const auto text = [key](const TensorFile& file) {
      const auto found = file.metadata.find(key);
      return found == file.metadata.end() ? std::string() : found->second;
    };
    if (text(one) != text(other)) {
      return fmt::format("{}: {}", key, first_difference(text(one), text(other)));
    }
  }
  return {};
}

}  // namespace samsr
