#pragma once
// The step's modulation of group norm's weight and bias on a GPU, as work in phases (phases.h): one launch each way for
// what are five and more of small operators.

#include <cstdint>

#include "models/cuda/phases.h"
#include "models/layers/element_math.h"

namespace samsr::cuda {

/// weight and bias (C) float32; scale and shift (B,C), their rows `stride` apart.
template <class S>
struct Modulation {
  int batch, channels;
  const float* weight;
  const float* bias;
  const S* scale;
  const S* shift;
  std::int64_t scale_stride, shift_stride;

  SAMSR_HOST_DEVICE float gain(std::int64_t sample, int channel) const {
    return 1 + widened(scale[sample * scale_stride + channel]);
  }
};

/// weight·(1 + scale) and bias·(1 + scale) + shift, (B,C) each.
template <class S>
struct Modulate {
  static constexpr int kThreads = 128;
  using Shared = NothingShared;

  Modulation<S> of;
  float* weight;
  float* bias;

  std::int64_t blocks() const { return (static_cast<std::int64_t>(of.batch) * of.channels + kThreads - 1) / kThreads; }
  SAMSR_HOST_DEVICE int phases() const { return 1; }
  SAMSR_HOST_DEVICE void operator()(int, std::int64_t block, int thread, Shared&) const {
    const std::int64_t i = block * kThreads + thread;
    const std::int64_t sample = static_cast<std::uint32_t>(i) / static_cast<std::uint32_t>(of.channels);
    const int channel = static_cast<int>(i - sample * of.channels);
    if (sample < of.batch) {
      const float gain = of.gain(sample, channel);
      weight[i] = of.weight[channel] * gain;
      bias[i] = of.bias[channel] * gain + widened(of.shift[sample * of.shift_stride + channel]);
    }
  }
};

/// Gradients of Modulate's results -> those of weight and bias (C), summed over the batch in a fixed order, and of
/// scale and shift (B,C), without gaps.
template <class S>
struct ModulateBackward {
  static constexpr int kColumns = 32;
  static constexpr int kLanes = 8;
  static constexpr int kThreads = kColumns * kLanes;
  struct Shared {
    float weight[kLanes][kColumns], bias[kLanes][kColumns];
  };

  Modulation<S> of;
  const float* weight_gradient;
  const float* bias_gradient;
  float* weight;
  float* bias;
  S* scale;
  S* shift;

  std::int64_t blocks() const { return (of.channels + kColumns - 1) / kColumns; }
  SAMSR_HOST_DEVICE int phases() const { return 2; }
  SAMSR_HOST_DEVICE void operator()(int phase, std::int64_t block, int thread, Shared& shared) const {
    const int column = thread % kColumns;
    const int lane = thread / kColumns;
    const int channel = static_cast<int>(block) * kColumns + column;
    if (channel >= of.channels) {
      return;
    }
    if (phase == 0) {
      float by_weight = 0;
      float by_bias = 0;
      for (std::int64_t sample = lane; sample < of.batch; sample += kLanes) {
        const std::int64_t i = sample * of.channels + channel;
        const float gain = of.gain(sample, channel);
        by_weight += weight_gradient[i] * gain;
        by_bias += bias_gradient[i] * gain;
        store(scale[i], weight_gradient[i] * of.weight[channel] + bias_gradient[i] * of.bias[channel]);
        store(shift[i], bias_gradient[i]);
      }
      shared.weight[lane][column] = by_weight;
      shared.bias[lane][column] = by_bias;
    } else if (lane == 0) {
      float by_weight = 0;
      float by_bias = 0;
      for (int each = 0; each < kLanes; ++each) {
        by_weight += shared.weight[each][column];
        by_bias += shared.bias[each][column];
      }
      weight[channel] = by_weight;
      bias[channel] = by_bias;
    }
  }
};

}  // namespace samsr::cuda
