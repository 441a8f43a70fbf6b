#pragma once
// The gradients of group norm on a GPU, as work in phases.

#include <cstdint>

#include "models/cuda/normalise_work.h"

namespace samsr::cuda {

/// For each channel of a chunk Σg and Σg·(x - mean), g the gradient before the activation, x with the bias of the map.
template <class T, int kWidth, bool kSilu>
struct GradientSums {
  static constexpr int kThreads = MapGrid::kThreads;
  using Sums = ChannelSums<kWidth, 2>;
  using Shared = typename Sums::Shared;

  MapGrid grid;
  Moments moments;
  Affine affine;
  const T* x;
  const T* gradient;
  float* partials;

  SAMSR_HOST_DEVICE int phases() const { return 2; }
  SAMSR_HOST_DEVICE void operator()(int phase, std::int64_t block, int thread, Shared& shared) const {
    const MapPlace place(grid, block, thread, kWidth);
    if (phase == 1) {
      Sums::over_rows(grid, place, thread, shared, partials);
      return;
    }
    if (!place.inside) {
      return;
    }
    const ChannelMap<kWidth> map(grid, place, moments, affine);
    Sums sums;
    for_positions<kWidth, 2>(grid, place, {x, gradient}, [&](std::int64_t, const Packed<T, kWidth>(&packed)[2]) {
      SAMSR_UNROLLED
      for (int k = 0; k < kWidth; ++k) {
        const float value = packed[0][k];
        const float g = map.template before_activation<kSilu>(k, value, packed[1][k]);
        sums.sums[0][k] += g;
        sums.sums[1][k] += g * (value - map.mean[k]);
      }
    });
    sums.share(thread, shared);
  }
};

/// How the channels of a group lie over a block's threads: `columns` channels at a time, `lanes` threads each.
struct GroupColumns {
  static constexpr int kThreads = 128;
  static constexpr int kColumns = 64;  ///< at most

  GroupColumns(const MapGrid& grid, int groups)
      : width(grid.channels / groups),
        columns(width < kColumns ? width : kColumns),
        lanes(kThreads / columns),
        turns((width + columns - 1) / columns),
        share(1.0 / (static_cast<double>(grid.positions) * width)) {}

  int width, columns, lanes, turns;
  double share;  ///< of one number in the group's mean
};

/// A block for each group of each sample: the chunks' sums -> the gradients of weight and bias of each sample (B,C),
/// and slope and level (B,groups) of dx = g·factor + x·slope + level, x with the bias of the map, which is g·factor -
/// (mean of g·weight + x̂·mean of g·weight·x̂)/deviation, means over the group.
struct FinishGradients {
  static constexpr int kThreads = GroupColumns::kThreads;
  struct Shared {
    double sum[kThreads], with_x[kThreads];
    double weighted_sum[GroupColumns::kColumns], weighted_with_x[GroupColumns::kColumns];
  };

  MapGrid grid;
  GroupColumns of;
  Moments moments;
  Affine affine;
  const float* partials;
  float* weight_gradient;
  float* bias_gradient;
  float* slope;
  float* level;

  SAMSR_HOST_DEVICE int phases() const { return 2 * of.turns + 1; }
  SAMSR_HOST_DEVICE void operator()(int phase, std::int64_t block, int thread, Shared& shared) const {
    const std::int64_t sample = static_cast<std::uint32_t>(block) / static_cast<std::uint32_t>(moments.groups);
    const int group = static_cast<int>(block - sample * moments.groups);
    const int within = phase / 2 * of.columns;  // the group's channels of this turn come from here on
    if (phase == 2 * of.turns) {
      if (thread == 0) {
        finish(block, shared);
      }
    } else if (phase % 2 == 0) {
      add_chunks(sample, group * of.width, within, thread, shared);
    } else if (thread < of.columns) {
      add_lanes(block, sample, group * of.width, within, thread, shared);
    }
  }

 private:
  SAMSR_HOST_DEVICE void add_chunks(std::int64_t sample, int first, int within, int thread, Shared& shared) const {
    const int lane = thread / of.columns;
    const int inside = within + thread % of.columns;
    double sum = 0;
    double with_x = 0;
    if (lane < of.lanes && inside < of.width) {
      const float* const sums = partials + sample * grid.chunks * 2 * grid.channels + first + inside;
      for (std::int64_t chunk = lane; chunk < grid.chunks; chunk += of.lanes) {
        sum += sums[2 * chunk * grid.channels];
        with_x += sums[(2 * chunk + 1) * grid.channels];
      }
    }
    shared.sum[thread] = sum;
    shared.with_x[thread] = with_x;
  }

  SAMSR_HOST_DEVICE void add_lanes(std::int64_t block, std::int64_t sample, int first, int within, int thread,
                                   Shared& shared) const {
    if (within == 0) {
      shared.weighted_sum[thread] = 0;
      shared.weighted_with_x[thread] = 0;
    }
    if (within + thread >= of.width) {
      return;
    }
    double sum = 0;
    double with_x = 0;
    for (int lane = 0; lane < of.lanes; ++lane) {
      sum += shared.sum[lane * of.columns + thread];
      with_x += shared.with_x[lane * of.columns + thread];
    }
    with_x *= moments.inverse[block];
    const int channel = first + within + thread;
    bias_gradient[sample * grid.channels + channel] = static_cast<float>(sum);
    weight_gradient[sample * grid.channels + channel] = static_cast<float>(with_x);
    const double gain = affine.weight[affine.row(sample) * grid.channels + channel];
    shared.weighted_sum[thread] += gain * sum;
    shared.weighted_with_x[thread] += gain * with_x;
  }

  SAMSR_HOST_DEVICE void finish(std::int64_t block, const Shared& shared) const {
    double sum = 0;
    double with_x = 0;
    for (int i = 0; i < of.columns; ++i) {
      sum += shared.weighted_sum[i];
      with_x += shared.weighted_with_x[i];
    }
    const double inverse = moments.inverse[block];
    const double by_x = -with_x * of.share * inverse * inverse;
    slope[block] = static_cast<float>(by_x);
    level[block] = static_cast<float>(-sum * of.share * inverse - moments.mean[block] * by_x);
  }
};

/// dx = g·factor + x·slope + level, x with the bias of the map.
template <class T, int kWidth, bool kSilu>
struct NormaliseBackward {
  static constexpr int kThreads = MapGrid::kThreads;
  using Shared = NothingShared;

  MapGrid grid;
  Moments moments;
  Affine affine;
  const T* x;
  const T* gradient;
  const float* slope;
  const float* level;
  T* out;

  SAMSR_HOST_DEVICE int phases() const { return 1; }
  SAMSR_HOST_DEVICE void operator()(int, std::int64_t block, int thread, Shared&) const {
    const MapPlace place(grid, block, thread, kWidth);
    if (!place.inside) {
      return;
    }
    const ChannelMap<kWidth> map(grid, place, moments, affine);
    float by_x[kWidth];
    float add[kWidth];
    GroupOfChannels of(grid.channels, moments.groups, place.sample, place.channel);
    SAMSR_UNROLLED
    for (int k = 0; k < kWidth; ++k, of.next()) {
      by_x[k] = slope[of.group()];
      add[k] = level[of.group()];
      if (moments.map_bias != nullptr) {
        add[k] += moments.map_bias[place.channel + k] * by_x[k];
      }
    }
    const auto take = [&](std::int64_t index, const Packed<T, kWidth>(&packed)[2]) {
      float values[kWidth];
      SAMSR_UNROLLED
      for (int k = 0; k < kWidth; ++k) {
        const float value = packed[0][k];
        const float g = map.template before_activation<kSilu>(k, value, packed[1][k]);
        values[k] = g * map.factor[k] + value * by_x[k] + add[k];
      }
      Packed<T, kWidth>::put(out + index, values);
    };
    for_positions<kWidth, 2>(grid, place, {x, gradient}, take);
  }
};

/// out[c] = Σ over rows of in[row][c], of two matrices, in the order of the rows.
struct SumRows {
  static constexpr int kThreads = 128;
  using Shared = NothingShared;

  std::int64_t rows;
  std::int64_t channels;
  const float* in[2];
  float* out[2];

  std::int64_t blocks() const { return (2 * channels + kThreads - 1) / kThreads; }
  SAMSR_HOST_DEVICE int phases() const { return 1; }
  SAMSR_HOST_DEVICE void operator()(int, std::int64_t block, int thread, Shared&) const {
    const std::int64_t i = block * kThreads + thread;
    if (i < 2 * channels) {
      const int which = i < channels ? 0 : 1;
      const std::int64_t channel = i - which * channels;
      double sum = 0;
      for (std::int64_t row = 0; row < rows; ++row) {
        sum += in[which][row * channels + channel];
      }
      out[which][channel] = static_cast<float>(sum);
    }
  }
};

/// The gradient of the bias of the map, Σdx, as Σ over samples of factor·Σg + slope·Σ(x - mean) + (level +
/// mean·slope)·positions, x with the bias of the map, in the order of the samples.
struct MapBiasGradient {
  static constexpr int kThreads = 64;
  using Shared = NothingShared;

  std::int64_t batch, positions, channels;
  Moments moments;
  Affine affine;
  const float* gradient_sums;  ///< Σg (B,C)
  const float* centred_sums;   ///< Σ(x - mean) (B,C)
  const float* slope;
  const float* level;
  float* out;

  std::int64_t blocks() const { return (channels + kThreads - 1) / kThreads; }
  SAMSR_HOST_DEVICE int phases() const { return 1; }
  SAMSR_HOST_DEVICE void operator()(int, std::int64_t block, int thread, Shared&) const {
    const std::int64_t channel = block * kThreads + thread;
    if (channel >= channels) {
      return;
    }
    const std::int64_t group = channel / (channels / moments.groups);
    double sum = 0;
    for (std::int64_t sample = 0; sample < batch; ++sample) {
      const std::int64_t i = sample * moments.groups + group;
      const double factor = double{affine.weight[affine.row(sample) * channels + channel]} * moments.inverse[i];
      const double by_x = slope[i];
      sum += factor * gradient_sums[sample * channels + channel] + by_x * centred_sums[sample * channels + channel] +
             (level[i] + moments.mean[i] * by_x) * static_cast<double>(positions);
    }
    out[channel] = static_cast<float>(sum);
  }
};

}  // namespace samsr::cuda
