#include "eval/metrics/group_norm.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/kernels.h"
#include "core/parallel.h"

namespace samsr {
namespace {

/// The maps of one image: `positions` rows of `channels` numbers.
struct Maps {
  float* values;
  std::int64_t positions;
  std::int64_t channels;
};

/// Replaces each channel's number by the mean over its group.
void spread_over_groups(std::vector<float>& sums, std::int64_t groups, double count) {
  const auto width = static_cast<std::ptrdiff_t>(sums.size()) / groups;
  for (auto first = sums.begin(); first != sums.end(); first += width) {
    double sum = 0;
    for (auto channel = first; channel != first + width; ++channel) {
      sum += *channel;
    }
    std::fill(first, first + width, static_cast<float>(sum / count));
  }
}

/// max(norm(maps) + addend, floor); `addend` may be null.
void normalise(const GroupNorm& norm, const Maps& maps, const float* addend, float floor) {
  const std::int64_t channels = maps.channels;
  const double count = static_cast<double>(maps.positions * channels / norm.groups);
  const auto* weight = norm.weight.const_data_ptr<float>();
  const auto* bias = norm.bias.const_data_ptr<float>();
  std::vector<float> mean(static_cast<std::size_t>(channels));
  std::vector<float> variance(static_cast<std::size_t>(channels));
  for (std::int64_t p = 0; p < maps.positions; ++p) {
    const float* row = maps.values + p * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      mean[static_cast<std::size_t>(c)] += row[c];
    }
  }
  spread_over_groups(mean, norm.groups, count);
  for (std::int64_t p = 0; p < maps.positions; ++p) {
    const float* row = maps.values + p * channels;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float centred = row[c] - mean[static_cast<std::size_t>(c)];
      variance[static_cast<std::size_t>(c)] += centred * centred;
    }
  }
  spread_over_groups(variance, norm.groups, count);
  std::vector<float> scale(mean.size());
  std::vector<float> shift(mean.size());
  for (std::size_t c = 0; c < mean.size(); ++c) {
    scale[c] = static_cast<float>(weight[c] / std::sqrt(variance[c] + norm.epsilon));
    shift[c] = bias[c] - mean[c] * scale[c];
  }
  for (std::int64_t p = 0; p < maps.positions; ++p) {
    float* row = maps.values + p * channels;
    if (addend == nullptr) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto i = static_cast<std::size_t>(c);
        row[c] = std::max(row[c] * scale[i] + shift[i], floor);
      }
    } else {
      const float* other = addend + p * channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto i = static_cast<std::size_t>(c);
        row[c] = std::max(row[c] * scale[i] + shift[i] + other[c], floor);
      }
    }
  }
}

void normalise_all(const GroupNorm& norm, at::Tensor& x, const at::Tensor& addend, float floor) {
  TORCH_CHECK(x.is_contiguous(at::MemoryFormat::ChannelsLast) && x.scalar_type() == at::kFloat, "x is ", x.sizes(), " ",
              x.scalar_type(), " of strides ", x.strides(), ", expected channels-last float32");
  TORCH_CHECK(
      !addend.defined() || (addend.sizes() == x.sizes() && addend.is_contiguous(at::MemoryFormat::ChannelsLast)),
      "addend differs from x in shape or layout");
  const std::int64_t positions = x.size(2) * x.size(3);
  const std::int64_t channels = x.size(1);
  auto* values = x.mutable_data_ptr<float>();
  const float* others = addend.defined() ? addend.const_data_ptr<float>() : nullptr;
  in_parallel(x.size(0), [&](std::int64_t n) {
    const std::int64_t offset = n * positions * channels;
    normalise(norm, {values + offset, positions, channels}, others != nullptr ? others + offset : nullptr, floor);
  });
}

at::Tensor by_library(const GroupNorm& norm, const at::Tensor& x) {
  return at::group_norm(x, norm.groups, norm.weight, norm.bias, norm.epsilon);
}

}  // namespace

void group_norm_(const GroupNorm& norm, at::Tensor& x) {
  if (cpu_kernels(x)) {
    normalise_all(norm, x, {}, -std::numeric_limits<float>::infinity());
  } else {
    x = by_library(norm, x);
  }
}

void group_norm_relu_(const GroupNorm& norm, at::Tensor& x, const at::Tensor& addend) {
  if (cpu_kernels(x)) {
    normalise_all(norm, x, addend, 0);
  } else {
    x = by_library(norm, x);
    x = (addend.defined() ? x + addend : x).relu_();
  }
}

}  // namespace samsr
