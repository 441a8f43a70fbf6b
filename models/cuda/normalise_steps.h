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

/// x -> mean and inverse deviation (B,groups).
template <class Run>
void moments_of(const NormaliseMaps& maps, double epsilon, const void* x, float* partials, float* mean, float* inverse,
                const Run& run) {
  with_type(maps.type, [&]<class T, int kWidth>() {
    const MapGrid grid = grid_of(maps, kWidth);
    const T* const from = static_cast<const T*>(x);
    run(MomentSums<T, kWidth>{grid, from, partials}, grid.blocks(), grid.threads());
    using Finish = FinishMoments<T>;
    run(Finish{grid, maps.groups, epsilon, from, partials, mean, inverse}, maps.batch * maps.groups, Finish::kThreads);
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

/// `out` like x; the gradients of weight and bias of the shape that `affine` tells.
template <class Run>
void backward_of(const NormaliseMaps& maps, const void* x, const void* gradient, const Moments& moments,
                 const Affine& affine, const BackwardBuffers& buffers, void* out, float* weight_gradient,
                 float* bias_gradient, const Run& run) {
  const bool summed = !affine.for_each_sample && maps.batch > 1;
  with_type(maps.type, [&]<class T, int kWidth>() {
    const MapGrid grid = grid_of(maps, kWidth);
    const auto* const from = static_cast<const T*>(x);
    const auto* const upstream = static_cast<const T*>(gradient);
    const auto with = [&]<bool kSilu>() {
      run(GradientSums<T, kWidth, kSilu>{grid, moments, affine, from, upstream, buffers.partials}, grid.blocks(),
          grid.threads());
      run(FinishGradients{grid, GroupColumns(grid, maps.groups), moments, affine, buffers.partials,
                          summed ? buffers.weights_of_samples : weight_gradient,
                          summed ? buffers.biases_of_samples : bias_gradient, buffers.slope, buffers.level},
          maps.batch * maps.groups, FinishGradients::kThreads);
      run(NormaliseBackward<T, kWidth, kSilu>{grid, moments, affine, from, upstream, buffers.slope, buffers.level,
                                              static_cast<T*>(out)},
          grid.blocks(), grid.threads());
    };
    maps.silu ? with.template operator()<true>() : with.template operator()<false>();
  });
  if (summed) {
    const SumRows sum{maps.batch,
                      maps.channels,
                      {buffers.weights_of_samples, buffers.biases_of_samples},
                      {weight_gradient, bias_gradient}};
    run(sum, sum.blocks(), SumRows::kThreads);
  }
}

}  // namespace samsr::cuda
