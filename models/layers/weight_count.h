#pragma once
// How many numbers layers hold, from their sizes alone. In double: settings of a stranger must not overflow it.

#include <cstdint>

namespace samsr {

/// Weights and bias of a convolution; of a linear layer with kernel 1.
inline double conv_count(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  return static_cast<double>(out) * (static_cast<double>(in) * static_cast<double>(kernel * kernel) + 1);
}

/// Scale and shift of a group norm.
inline double norm_count(std::int64_t channels) { return 2.0 * static_cast<double>(channels); }

}  // namespace samsr
