#pragma once

#include <cstdint>

#include "models/cuda/phases.h"
#include "models/layers/element_math.h"

namespace samsr::cuda {

/// out[c] = Σ over rows of in[row][c], two pairs of in and out at once, in the order of the rows.
struct SumRows {
  static constexpr int kThreads = 128;
  using Shared = NothingShared;

  std::int64_t rows;
  std::int64_t channels;
  const float* in[2];
  float* out[2];

  SAMSR_HOST_DEVICE int phases() const { return 1; }
  SAMSR_HOST_DEVICE void operator()(int, std::int64_t block, int thread, Shared&) const {
    const std::int64_t i = block * kThreads + thread;
    if (i >= 2 * channels) {
      return;
    }
    const std::int64_t which = i / channels;
    const std::int64_t channel = i % channels;
    double sum = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      sum += in[which][row * channels + channel];
    }
    out[which][channel] = static_cast<float>(sum);
  }
};

}  // namespace samsr::cuda
