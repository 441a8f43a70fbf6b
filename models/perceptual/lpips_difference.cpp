#include "models/perceptual/lpips_difference.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>
#include <vector>

#include "core/kernels.h"
#include "core/parallel.h"

namespace samsr {
namespace {

constexpr float kNormFloor = 1e-10F;
constexpr std::int64_t kChannelLanes = 16;  // independent sums, so that loops vectorise; channels are a multiple of 16

using Lanes = std::array<float, static_cast<std::size_t>(kChannelLanes)>;

float lane_total(const Lanes& lanes) {
  float sum = 0;
  for (const float lane : lanes) {
    sum += lane;
  }
  return sum;
}

float inverse_norm(const float* values, std::int64_t channels) {
  Lanes squares{};
  for (std::int64_t c = 0; c < channels; c += kChannelLanes) {
    for (std::int64_t lane = 0; lane < kChannelLanes; ++lane) {
      squares[static_cast<std::size_t>(lane)] += values[c + lane] * values[c + lane];
    }
  }
  return 1 / (std::sqrt(lane_total(squares)) + kNormFloor);
}

/// Sum over `positions` rows of channels.
double difference_of_rows(const float* f, const float* g, const float* weights, std::int64_t positions,
                          std::int64_t channels) {
  double sum = 0;
  for (std::int64_t p = 0; p < positions; ++p, f += channels, g += channels) {
    const float of_f = inverse_norm(f, channels);
    const float of_g = inverse_norm(g, channels);
    Lanes parts{};
    for (std::int64_t c = 0; c < channels; c += kChannelLanes) {
      for (std::int64_t lane = 0; lane < kChannelLanes; ++lane) {
        const float apart = f[c + lane] * of_f - g[c + lane] * of_g;
        parts[static_cast<std::size_t>(lane)] += weights[c + lane] * apart * apart;
      }
    }
    sum += lane_total(parts);
  }
  return sum;
}

at::Tensor difference_by_operators(const at::Tensor& features, const at::Tensor& channel_weights) {
  const at::Tensor unit = features / (at::linalg_vector_norm(features, 2, at::IntArrayRef{1}, true) + kNormFloor);
  const auto halves = unit.chunk(2);
  return at::mv((halves[0] - halves[1]).square().mean({2, 3}), channel_weights);
}

}  // namespace

at::Tensor lpips_difference(const at::Tensor& features, const at::Tensor& channel_weights) {
  const std::int64_t channels = features.size(1);
  if (!cpu_kernels(features) || features.requires_grad() || channels % kChannelLanes != 0) {
    return difference_by_operators(features, channel_weights);
  }
  const at::Tensor rows = features.contiguous(at::MemoryFormat::ChannelsLast);
  const std::int64_t images = rows.size(0) / 2;
  const std::int64_t height = rows.size(2);
  const std::int64_t line = rows.size(3) * channels;
  const auto* values = rows.const_data_ptr<float>();
  const auto* weights = channel_weights.const_data_ptr<float>();
  std::vector<double> sums(static_cast<std::size_t>(images * height));
  in_parallel(images * height, [&](std::int64_t i) {
    sums[static_cast<std::size_t>(i)] =
        difference_of_rows(values + i * line, values + (images * height + i) * line, weights, rows.size(3), channels);
  });
  at::Tensor means = at::zeros({images}, at::kDouble);
  auto* mean = means.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < images * height; ++i) {
    mean[i / height] += sums[static_cast<std::size_t>(i)] / static_cast<double>(height * rows.size(3));
  }
  return means;
}

}  // namespace samsr
