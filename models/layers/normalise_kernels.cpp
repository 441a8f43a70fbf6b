#include "models/layers/normalise_kernels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/parallel.h"
#include "models/layers/vector_math.h"

namespace samsr {
namespace {

/// Positions that one thread takes at once. Sums are made block by block, so they do not depend on the threads.
constexpr std::int64_t kPositionsInBlock = 512;

/// Gradient with respect to x·factor + offset.
template <typename T, bool kSilu>
float before_activation(T x, T gradient, float factor, float offset) {
  const float given = widened(gradient);
  return kSilu ? given * silu_slope(widened(x) * factor + offset) : given;
}

// One position's channels. Pointers that are promised not to overlap, and nothing else in the loop, are what compilers
// need to make vectors of it.

template <typename T>
void add_moments(std::int64_t channels, const T* __restrict x, const T* __restrict pivot, float* __restrict sum,
                 float* __restrict squares) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float value = widened(x[c]) - widened(pivot[c]);
    sum[c] += value;
    squares[c] += value * value;
  }
}

template <typename T, bool kSilu>
void forward_row(std::int64_t channels, const T* __restrict x, const float* __restrict factor,
                 const float* __restrict offset, T* __restrict y) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float value = widened(x[c]) * factor[c] + offset[c];
    store(y[c], kSilu ? value * sigmoid(value) : value);
  }
}

template <typename T, bool kSilu>
void add_gradients(std::int64_t channels, const T* __restrict x, const T* __restrict gradient,
                   const float* __restrict factor, const float* __restrict offset, const float* __restrict mean,
                   float* __restrict sum, float* __restrict with_x) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float g = before_activation<T, kSilu>(x[c], gradient[c], factor[c], offset[c]);
    sum[c] += g;
    with_x[c] += g * (widened(x[c]) - mean[c]);
  }
}

template <typename T, bool kSilu>
void backward_row(std::int64_t channels, const T* __restrict x, const T* __restrict gradient,
                  const float* __restrict factor, const float* __restrict offset, const float* __restrict slope,
                  const float* __restrict level, T* __restrict out) {
  for (std::int64_t c = 0; c < channels; ++c) {
    const float g = before_activation<T, kSilu>(x[c], gradient[c], factor[c], offset[c]);
    store(out[c], g * factor[c] + widened(x[c]) * slope[c] + level[c]);
  }
}

struct MapSizes {
  explicit MapSizes(const at::Tensor& x)
      : batch(x.size(0)),
        channels(x.size(1)),
        positions(x.size(2) * x.size(3)),
        blocks((positions + kPositionsInBlock - 1) / kPositionsInBlock) {}
  std::int64_t batch, channels, positions, blocks;
};

/// A block of positions of one sample.
struct Block {
  std::int64_t sample, first, last;
};

/// work(block, its number) for all blocks, on all threads.
template <typename Work>
void for_blocks(const MapSizes& sizes, const Work& work) {
  in_parallel(sizes.batch * sizes.blocks, [&](std::int64_t i) {
    const std::int64_t first = i % sizes.blocks * kPositionsInBlock;
    work(Block{i / sizes.blocks, first, std::min(first + kPositionsInBlock, sizes.positions)}, i);
  });
}

template <typename T>
const T* row_of(const at::Tensor& maps, const MapSizes& sizes, std::int64_t sample, std::int64_t position) {
  return maps.const_data_ptr<T>() + (sample * sizes.positions + position) * sizes.channels;
}

template <typename T>
T* mutable_row_of(const at::Tensor& maps, const MapSizes& sizes, std::int64_t sample, std::int64_t position) {
  return maps.mutable_data_ptr<T>() + (sample * sizes.positions + position) * sizes.channels;
}

/// Two sums for each channel of each block, one after the other.
class BlockSums {
 public:
  explicit BlockSums(const MapSizes& sizes)
      : channels_(sizes.channels),
        sums_(static_cast<std::size_t>(2 * sizes.batch * sizes.blocks * sizes.channels), 0.0F) {}
  float* of(std::int64_t block) { return sums_.data() + 2 * block * channels_; }

 private:
  std::int64_t channels_;
  std::vector<float> sums_;
};

/// Rows of weight and bias: one for all samples, or one each.
const float* affine_row(const at::Tensor& affine, std::int64_t sample) {
  return affine.const_data_ptr<float>() + (affine.size(0) == 1 ? 0 : sample) * affine.size(1);
}

/// The affine map x·factor + offset that each channel of a sample goes through before the activation.
struct ChannelMaps {
  ChannelMaps(const Normalisation& how, const MapSizes& sizes, const GroupMoments& moments, const at::Tensor& weight,
              const at::Tensor& bias)
      : channels(sizes.channels),
        factor(static_cast<std::size_t>(sizes.batch * sizes.channels)),
        offset(factor.size()) {
    const std::int64_t width = channels / how.groups;
    for (std::int64_t b = 0; b < sizes.batch; ++b) {
      const float* mean = affine_row(moments.mean, b);
      const float* inverse = affine_row(moments.inverse_deviation, b);
      const float* gain = affine_row(weight, b);
      const float* add = affine_row(bias, b);
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto i = static_cast<std::size_t>(b * channels + c);
        factor[i] = gain[c] * inverse[c / width];
        offset[i] = add[c] - mean[c / width] * factor[i];
      }
    }
  }
  const float* factors(std::int64_t sample) const { return factor.data() + sample * channels; }
  const float* offsets(std::int64_t sample) const { return offset.data() + sample * channels; }

  std::int64_t channels;
  std::vector<float> factor;
  std::vector<float> offset;
};

template <typename T>
GroupMoments moments_of(const Normalisation& how, const at::Tensor& x) {
  const MapSizes sizes(x);
  BlockSums sums(sizes);
  // Sums of x and x² about the first position's values: a mean far from zero costs no digits.
  for_blocks(sizes, [&](const Block& block, std::int64_t i) {
    float* sum = sums.of(i);
    float* squares = sum + sizes.channels;
    const T* pivot = row_of<T>(x, sizes, block.sample, 0);
    for (std::int64_t p = block.first; p < block.last; ++p) {
      add_moments(sizes.channels, row_of<T>(x, sizes, block.sample, p), pivot, sum, squares);
    }
  });
  GroupMoments moments{at::empty({sizes.batch, how.groups}, x.options().dtype(at::kFloat)),
                       at::empty({sizes.batch, how.groups}, x.options().dtype(at::kFloat)),
                       {},
                       {}};
  const std::int64_t width = sizes.channels / how.groups;
  const auto count = static_cast<double>(sizes.positions);
  for (std::int64_t b = 0; b < sizes.batch; ++b) {
    const T* pivot = row_of<T>(x, sizes, b, 0);
    for (std::int64_t g = 0; g < how.groups; ++g) {
      double sum = 0;
      double squares = 0;
      for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
        double channel_sum = 0;
        double channel_squares = 0;
        for (std::int64_t k = 0; k < sizes.blocks; ++k) {
          const float* block = sums.of(b * sizes.blocks + k);
          channel_sum += block[c];
          channel_squares += block[sizes.channels + c];
        }
        const double about = widened(pivot[c]);
        sum += channel_sum + count * about;
        squares += channel_squares + 2 * about * channel_sum + count * about * about;
      }
      const double mean = sum / (count * static_cast<double>(width));
      const double variance = std::max(0.0, squares / (count * static_cast<double>(width)) - mean * mean);
      const std::int64_t i = b * how.groups + g;
      moments.mean.mutable_data_ptr<float>()[i] = static_cast<float>(mean);
      moments.inverse_deviation.mutable_data_ptr<float>()[i] =
          static_cast<float>(1.0 / std::sqrt(variance + how.epsilon));
    }
  }
  return moments;
}

template <typename T, bool kSilu>
at::Tensor forward_of(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments,
                      const at::Tensor& weight, const at::Tensor& bias) {
  const MapSizes sizes(x);
  const ChannelMaps maps(how, sizes, moments, weight, bias);
  const at::Tensor y = at::empty_like(x, at::MemoryFormat::Preserve);
  for_blocks(sizes, [&](const Block& block, std::int64_t) {
    const float* factor = maps.factors(block.sample);
    const float* offset = maps.offsets(block.sample);
    for (std::int64_t p = block.first; p < block.last; ++p) {
      forward_row<T, kSilu>(sizes.channels, row_of<T>(x, sizes, block.sample, p), factor, offset,
                            mutable_row_of<T>(y, sizes, block.sample, p));
    }
  });
  return y;
}

template <typename T, bool kSilu>
NormaliseGradients backward_of(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments,
                               const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& gradient) {
  const MapSizes sizes(x);
  const ChannelMaps maps(how, sizes, moments, weight, bias);
  BlockSums sums(sizes);
  // For each channel Σg and Σg·x̂, with g the gradient before the activation.
  const std::int64_t width = sizes.channels / how.groups;
  for_blocks(sizes, [&](const Block& block, std::int64_t i) {
    float* sum = sums.of(i);
    float* with_x = sum + sizes.channels;
    const float* factor = maps.factors(block.sample);
    const float* offset = maps.offsets(block.sample);
    std::vector<float> means(static_cast<std::size_t>(sizes.channels));
    for (std::int64_t c = 0; c < sizes.channels; ++c) {
      means[static_cast<std::size_t>(c)] = affine_row(moments.mean, block.sample)[c / width];
    }
    for (std::int64_t p = block.first; p < block.last; ++p) {
      add_gradients<T, kSilu>(sizes.channels, row_of<T>(x, sizes, block.sample, p),
                              row_of<T>(gradient, sizes, block.sample, p), factor, offset, means.data(), sum, with_x);
    }
  });

  NormaliseGradients gradients{
      at::empty_like(x, at::MemoryFormat::Preserve), at::zeros_like(weight), at::zeros_like(bias), {}};
  // dx = g·factor - (mean of g·weight + x̂·mean of g·weight·x̂)/deviation over each group, as x·slope + level + g·factor.
  std::vector<float> slopes(static_cast<std::size_t>(sizes.batch * sizes.channels));
  std::vector<float> levels(slopes.size());
  const double count = static_cast<double>(sizes.positions * width);
  for (std::int64_t b = 0; b < sizes.batch; ++b) {
    const float* gain = affine_row(weight, b);
    const std::int64_t affine = (weight.size(0) == 1 ? 0 : b) * sizes.channels;
    for (std::int64_t g = 0; g < how.groups; ++g) {
      const double mean = affine_row(moments.mean, b)[g];
      const double inverse = affine_row(moments.inverse_deviation, b)[g];
      double group_sum = 0;
      double group_with_x = 0;
      for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
        double sum = 0;
        double with_x = 0;
        for (std::int64_t k = 0; k < sizes.blocks; ++k) {
          const float* block = sums.of(b * sizes.blocks + k);
          sum += block[c];
          with_x += block[sizes.channels + c];
        }
        with_x *= inverse;
        gradients.bias.mutable_data_ptr<float>()[affine + c] += static_cast<float>(sum);
        gradients.weight.mutable_data_ptr<float>()[affine + c] += static_cast<float>(with_x);
        group_sum += gain[c] * sum;
        group_with_x += gain[c] * with_x;
      }
      const double slope = -group_with_x / count * inverse * inverse;
      const double level = -group_sum / count * inverse - mean * slope;
      for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
        slopes[static_cast<std::size_t>(b * sizes.channels + c)] = static_cast<float>(slope);
        levels[static_cast<std::size_t>(b * sizes.channels + c)] = static_cast<float>(level);
      }
    }
  }
  for_blocks(sizes, [&](const Block& block, std::int64_t) {
    const float* factor = maps.factors(block.sample);
    const float* offset = maps.offsets(block.sample);
    const float* slope = slopes.data() + block.sample * sizes.channels;
    const float* level = levels.data() + block.sample * sizes.channels;
    for (std::int64_t p = block.first; p < block.last; ++p) {
      backward_row<T, kSilu>(sizes.channels, row_of<T>(x, sizes, block.sample, p),
                             row_of<T>(gradient, sizes, block.sample, p), factor, offset, slope, level,
                             mutable_row_of<T>(gradients.x, sizes, block.sample, p));
    }
  });
  return gradients;
}

}  // namespace

GroupMoments group_moments(const Normalisation& how, const at::Tensor& x, const at::Tensor& map_bias) {
  if (x.is_cuda()) {
    return cuda::group_moments(how, x, map_bias);
  }
  TORCH_CHECK(!map_bias.defined());
  return x.scalar_type() == at::kFloat ? moments_of<float>(how, x) : moments_of<c10::BFloat16>(how, x);
}

at::Tensor normalise_forward(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments,
                             const at::Tensor& weight, const at::Tensor& bias) {
  if (x.is_cuda()) {
    return cuda::normalise_forward(how, x, moments, weight, bias);
  }
  if (x.scalar_type() == at::kFloat) {
    return how.silu ? forward_of<float, true>(how, x, moments, weight, bias)
                    : forward_of<float, false>(how, x, moments, weight, bias);
  }
  return how.silu ? forward_of<c10::BFloat16, true>(how, x, moments, weight, bias)
                  : forward_of<c10::BFloat16, false>(how, x, moments, weight, bias);
}

NormaliseGradients normalise_backward(const Normalisation& how, const at::Tensor& x, const GroupMoments& moments,
                                      const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& gradient) {
  if (x.is_cuda()) {
    return cuda::normalise_backward(how, x, moments, weight, bias, gradient);
  }
  if (x.scalar_type() == at::kFloat) {
    return how.silu ? backward_of<float, true>(how, x, moments, weight, bias, gradient)
                    : backward_of<float, false>(how, x, moments, weight, bias, gradient);
  }
  return how.silu ? backward_of<c10::BFloat16, true>(how, x, moments, weight, bias, gradient)
                  : backward_of<c10::BFloat16, false>(how, x, moments, weight, bias, gradient);
}

}  // namespace samsr
