#pragma once
// Group norm on a GPU, as work in phases (phases.h): sums over chunks of positions, sums over chunks, then each
// element. Nothing is added in an order that could change. Backward: normalise_backward_work.h.

#include <cmath>
#include <cstdint>

#include "models/cuda/channel_sums.h"
#include "models/cuda/map_grid.h"
#include "models/cuda/phases.h"
#include "models/layers/element_math.h"

namespace samsr::cuda {

/// Rows of weight and bias: one for all samples, or one each.
struct Affine {
  const float* weight;
  const float* bias;
  bool for_each_sample;

  SAMSR_HOST_DEVICE std::int64_t row(std::int64_t sample) const { return for_each_sample ? sample : 0; }
};

/// Mean and 1/√(variance + ε) of each group of each sample of x + map_bias. Below, p - x's pivots - and x go without
/// it.
struct Moments {
  const float* mean;
  const float* inverse;
  int groups;
  const float* map_bias = nullptr;  ///< (C), or none
};

/// The group of each of a thread's channels, one after the other.
class GroupOfChannels {
 public:
  SAMSR_HOST_DEVICE GroupOfChannels(int channels, int groups, std::int64_t sample, int channel)
      : width_(channels / groups), group_(sample * groups + channel / width_), inside_(channel % width_) {}
  SAMSR_HOST_DEVICE std::int64_t group() const { return group_; }
  SAMSR_HOST_DEVICE void next() {
    if (++inside_ == width_) {
      inside_ = 0;
      ++group_;
    }
  }

 private:
  int width_;
  std::int64_t group_;  ///< counted through all samples
  int inside_;
};

/// For each channel of a chunk Σ(x-p) and Σ(x-p)², p the sample's first position: a mean far from zero costs no digits,
/// and a bias of the map nothing.
template <class T, int kWidth>
struct MomentSums {
  static constexpr int kThreads = MapGrid::kThreads;
  using Sums = ChannelSums<kWidth, 2>;
  using Shared = typename Sums::Shared;

  MapGrid grid;
  const T* x;
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
    const auto about = Packed<T, kWidth>::at(x + place.sample * grid.positions * grid.channels + place.channel);
    Sums sums;
    for_positions<kWidth, 4>(grid, place, {x}, [&](std::int64_t, const Packed<T, kWidth>(&packed)[1]) {
      SAMSR_UNROLLED
      for (int k = 0; k < kWidth; ++k) {
        const float value = packed[0][k] - about[k];
        sums.sums[0][k] += value;
        sums.sums[1][k] += value * value;
      }
    });
    sums.share(thread, shared);
  }
};

/// A block for each group of each sample: the chunks' sums -> mean and 1/√(variance + ε).
template <class T>
struct FinishMoments {
  static constexpr int kThreads = 128;
  static constexpr int kSlots = 16;
  struct Shared {
    double sum[kThreads], squares[kThreads];
    double slot_sum[kSlots], slot_squares[kSlots];
  };

  MapGrid grid;
  int groups;
  double epsilon;
  const T* x;
  const float* map_bias;  ///< or none
  const float* partials;
  float* mean;
  float* inverse;

  SAMSR_HOST_DEVICE int phases() const { return 3; }
  SAMSR_HOST_DEVICE void operator()(int phase, std::int64_t block, int thread, Shared& shared) const {
    if (phase == 0) {
      add_chunks(block, thread, shared);
    } else if (phase == 1 && thread < kSlots) {
      constexpr int kMany = kThreads / kSlots;
      shared.slot_sum[thread] = sum_of<kMany>(shared.sum + thread * kMany);
      shared.slot_squares[thread] = sum_of<kMany>(shared.squares + thread * kMany);
    } else if (phase == 2 && thread == 0) {
      const double count = static_cast<double>(grid.positions) * (grid.channels / groups);
      const double average = sum_of<kSlots>(shared.slot_sum) / count;
      const double variance = sum_of<kSlots>(shared.slot_squares) / count - average * average;
      mean[block] = static_cast<float>(average);
      inverse[block] = static_cast<float>(1.0 / std::sqrt((variance < 0 ? 0.0 : variance) + epsilon));
    }
  }

 private:
  /// Σ and Σ of squares of x + map_bias over some of the chunks and channels, out of the sums about p.
  SAMSR_HOST_DEVICE void add_chunks(std::int64_t block, int thread, Shared& shared) const {
    const std::int64_t sample = static_cast<std::uint32_t>(block) / static_cast<std::uint32_t>(groups);
    const int width = grid.channels / groups;
    const int first = static_cast<int>(block - sample * groups) * width;
    const T* const about = x + sample * grid.positions * grid.channels + first;
    const float* const sums = partials + sample * grid.chunks * 2 * grid.channels + first;
    double sum = 0;
    double squares = 0;
    const auto many_sums = static_cast<std::uint32_t>(width * grid.chunks);
    for (auto i = static_cast<std::uint32_t>(thread); i < many_sums; i += kThreads) {
      const std::int64_t chunk = i / static_cast<std::uint32_t>(width);
      const std::int64_t channel = i % static_cast<std::uint32_t>(width);
      const double p = widened(about[channel]) + (map_bias != nullptr ? double{map_bias[first + channel]} : 0.0);
      const double of_chunk = sums[2 * chunk * grid.channels + channel];
      const double many = chunk == 0 ? static_cast<double>(grid.positions) : 0.0;  // p is there once for each position
      sum += of_chunk + many * p;
      squares += sums[(2 * chunk + 1) * grid.channels + channel] + 2 * p * of_chunk + many * p * p;
    }
    shared.sum[thread] = sum;
    shared.squares[thread] = squares;
  }

  template <int kMany>
  SAMSR_HOST_DEVICE static double sum_of(const double* values) {
    double sum = 0;
    SAMSR_UNROLLED
    for (int i = 0; i < kMany; ++i) {
      sum += values[i];
    }
    return sum;
  }
};

/// Σ(x + map_bias - mean) of each channel of each sample: (B,C).
template <class T>
struct CentredSums {
  static constexpr int kThreads = 128;
  using Shared = NothingShared;

  MapGrid grid;
  Moments moments;
  const T* x;
  const float* partials;  ///< of MomentSums
  float* sums;

  std::int64_t blocks() const { return (grid.batch * grid.channels + kThreads - 1) / kThreads; }
  SAMSR_HOST_DEVICE int phases() const { return 1; }
  SAMSR_HOST_DEVICE void operator()(int, std::int64_t block, int thread, Shared&) const {
    const std::int64_t i = block * kThreads + thread;
    if (i >= grid.batch * grid.channels) {
      return;
    }
    const std::int64_t sample = static_cast<std::uint32_t>(i) / static_cast<std::uint32_t>(grid.channels);
    const auto channel = static_cast<int>(i - sample * grid.channels);
    const float* const of_chunks = partials + sample * grid.chunks * 2 * grid.channels + channel;
    double sum = 0;
    for (std::int64_t chunk = 0; chunk < grid.chunks; ++chunk) {
      sum += of_chunks[2 * chunk * grid.channels];
    }
    const double p = widened(x[sample * grid.positions * grid.channels + channel]);
    const double mean = moments.mean[sample * moments.groups + channel / (grid.channels / moments.groups)];
    sums[i] = static_cast<float>(sum + static_cast<double>(grid.positions) * (p + moments.map_bias[channel] - mean));
  }
};

/// x·factor + offset, what a thread's channels go through before the activation.
template <int kWidth>
struct ChannelMap {
  float factor[kWidth];
  float offset[kWidth];
  float mean[kWidth];  ///< that of x, without the bias of the map

  SAMSR_HOST_DEVICE ChannelMap(const MapGrid& grid, const MapPlace& place, const Moments& moments,
                               const Affine& affine) {
    GroupOfChannels of(grid.channels, moments.groups, place.sample, place.channel);
    const std::int64_t row = affine.row(place.sample) * grid.channels + place.channel;
    SAMSR_UNROLLED
    for (int k = 0; k < kWidth; ++k, of.next()) {
      mean[k] = moments.mean[of.group()] - (moments.map_bias != nullptr ? moments.map_bias[place.channel + k] : 0.0F);
      factor[k] = affine.weight[row + k] * moments.inverse[of.group()];
      offset[k] = affine.bias[row + k] - mean[k] * factor[k];
    }
  }

  /// Gradient with respect to x·factor + offset.
  template <bool kSilu>
  SAMSR_HOST_DEVICE float before_activation(int k, float x, float gradient) const {
    return kSilu ? gradient * silu_slope(x * factor[k] + offset[k]) : gradient;
  }
};

/// y = activation(x·factor + offset).
template <class T, int kWidth, bool kSilu>
struct NormaliseForward {
  static constexpr int kThreads = MapGrid::kThreads;
  using Shared = NothingShared;

  MapGrid grid;
  Moments moments;
  Affine affine;
  const T* x;
  T* y;

  SAMSR_HOST_DEVICE int phases() const { return 1; }
  SAMSR_HOST_DEVICE void operator()(int, std::int64_t block, int thread, Shared&) const {
    const MapPlace place(grid, block, thread, kWidth);
    if (!place.inside) {
      return;
    }
    const ChannelMap<kWidth> map(grid, place, moments, affine);
    for_positions<kWidth, 4>(grid, place, {x}, [&](std::int64_t index, const Packed<T, kWidth>(&packed)[1]) {
      float values[kWidth];
      SAMSR_UNROLLED
      for (int k = 0; k < kWidth; ++k) {
        const float value = packed[0][k] * map.factor[k] + map.offset[k];
        values[k] = kSilu ? value * sigmoid(value) : value;
      }
      Packed<T, kWidth>::put(y + index, values);
    });
  }
};

}  // namespace samsr::cuda
