#include "models/weights/held_weights.h"

#include "core/error.h"

namespace samsr {

void check_held_weights(const TensorFile& file, double count, const std::string& source, double other_bytes) {
  constexpr double kMostBytesInVain = 1 << 29;
  double held = 0;
  for (const auto& [name, tensor] : file.tensors) {
    held += static_cast<double>(tensor.numel());
  }
  if (count > held && count * sizeof(float) + other_bytes > kMostBytesInVain) {
    throw UserError(
        "{}: its settings make a network of {:.4g} million weights, but it holds {:.4g} million; it is cut "
        "down, damaged, or another network's",
        source, count / 1e6, held / 1e6);
  }
}

}  // namespace samsr
