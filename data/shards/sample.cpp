#include "data/shards/sample.h"

namespace samsr {

at::Tensor Sample::field(std::string_view name) const {
  for (const auto& [known, tensor] : fields) {
    if (known == name) {
      return tensor;
    }
  }
  return {};
}

const std::string* Sample::text(std::string_view name) const {
  for (const auto& [known, value] : texts) {
    if (known == name) {
      return &value;
    }
  }
  return nullptr;
}

}  // namespace samsr
