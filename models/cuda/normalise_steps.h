#pragma once
// The works of group norm one after the other: run(work, blocks, threads) runs each, on a GPU or in a test.

#include <cstdint>

#include "models/cuda/map_type.h"
#include "models/cuda/normalise_backward_work.h"
#include "models/cuda/normalise_work.h"

namespace samsr::cuda {

struct NormaliseMaps {
  std::int64_t batch, channels, positions;
  int groups;
  MapType type;
  bool silu;
};

inline MapGrid grid_of(const NormaliseMaps& maps, int width) {
  return MapGrid(maps.batch, maps.positions, maps.channels, width);
}

/// Float32 numbers that moments() and backward() need for the sums of chunks.
inline std::int64_t partials_of(const NormaliseMaps& maps) {
  const MapGrid grid = grid_of(maps, maps.type.width());
  return 2 * grid.batch * grid.chunks * grid.channels;
}

/// What moments_of() writes: mean and inverse deviation (B,groups); with a bias of the map Σ(x + bias - mean) (B,C),
/// which its gradient needs.
struct MomentsOut {
  float* mean;
  float* inverse;
  float* centred_sums = nullptr;
};

/// Of x, or of x + map_bias (C), where there is one.
template <class Run>
void moments_of(const NormaliseMaps& maps, double epsilon, const void* x, const float* map_bias, float* partials,
                const MomentsOut& out, const Run& run) {
  with_type(maps.type, [&]<class T, int kWidth>() {
    const MapGrid grid = grid_of(maps, kWidth);
    const T* const from = static_cast<const T*>(x);
    run(MomentSums<T, kWidth>{grid, from, partials}, grid.blocks(), grid.threads());
    using Finish = FinishMoments<T>;
    run(Finish{grid, maps.groups, epsilon, from, map_bias, partials, out.mean, out.inverse}, maps.batch * maps.groups,
        Finish::kThreads);
    if (map_bias != nullptr) {
      const CentredSums<T> sums{grid, {out.mean, out.inverse, maps.groups, map_bias}, from, partials, out.centred_sums};
      run(sums, sums.blocks(), CentredSums<T>::kThreads);
    }
  });
}

/// y like x.
template <class Run>
void forward_of(const NormaliseMaps& maps, const void* x, const Moments& moments, const Affine& affine, void* y,
                const Run& run) {
  with_type(maps.type, [&]<class T, int kWidth>() {
    const MapGrid grid = grid_of(maps, kWidth);
    const auto with = [&]<bool kSilu>() {
      const NormaliseForward<T, kWidth, kSilu> work{grid, moments, affine, static_cast<const T*>(x),
                                                    static_cast<T*>(y)};
      run(work, grid.blocks(), grid.threads());
    };
    maps.silu ? with.template operator()<true>() : with.template operator()<false>();
  });
}

struct BackwardBuffers {
  float* partials;                                ///< partials_of() numbers
  float *slope, *level;                           ///< (B,groups)
  float *weights_of_samples, *biases_of_samples;  ///< (B,C), where they are summed to one row; else of no use
};

/// What backward_of() writes: x like x; the gradients of weight and bias of the shape that `affine` tells; with a bias
/// of the map that of it (C).
struct GradientsOut {
  void* x;
  float* weight;
  float* bias;
  float* map_bias = nullptr;
};

/// `centred_sums` are those of moments_of(), where there is a bias of the map.
template <class Run>
void backward_of(const NormaliseMaps& maps, const void* x, const void* gradient, const Moments& moments,
                 const float* centred_sums, const Affine& affine, const BackwardBuffers& buffers,
                 const GradientsOut& out, const Run& run) {
  const bool summed = !affine.for_each_sample && maps.batch > 1;
  float* const weights = summed ? buffers.weights_of_samples : out.weight;
  float* const biases = summed ? buffers.biases_of_samples : out.bias;
  with_type(maps.type, [&]<class T, int kWidth>() {
    const MapGrid grid = grid_of(maps, kWidth);
    const auto* const from = static_cast<const T*>(x);
    const auto* const upstream = static_cast<const T*>(gradient);
    const auto with = [&]<bool kSilu>() {
      run(GradientSums<T, kWidth, kSilu>{grid, moments, affine, from, upstream, buffers.partials}, grid.blocks(),
          grid.threads());
      run(FinishGradients{grid, GroupColumns(grid, maps.groups), moments, affine, buffers.partials, weights, biases,
                          buffers.slope, buffers.level},
          maps.batch * maps.groups, FinishGradients::kThreads);
      run(NormaliseBackward<T, kWidth, kSilu>{grid, moments, affine, from, upstream, buffers.slope, buffers.level,
                                              static_cast<T*>(out.x)},
          grid.blocks(), grid.threads());
    };
    maps.silu ? with.template operator()<true>() : with.template operator()<false>();
  });
  if (moments.map_bias != nullptr) {
    const MapBiasGradient sum{maps.batch, maps.positions, maps.channels, moments,       affine,
                              biases,     centred_sums,   buffers.slope, buffers.level, out.map_bias};
    run(sum, sum.blocks(), MapBiasGradient::kThreads);
  }
  if (summed) {
    const SumRows sum{maps.batch, maps.channels, {weights, biases}, {out.weight, out.bias}};
    run(sum, sum.blocks(), SumRows::kThreads);
  }
}

}  // namespace samsr::cuda
