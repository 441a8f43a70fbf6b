#include "segmentation/sam/image_kernels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "models/layers/vector_math.h"

namespace samsr {
namespace {

constexpr float kLowest = std::numeric_limits<float>::lowest();
/// Independent sums, so that a reduction fills vector registers.
constexpr std::int64_t kLanes = 16;

float sum_of(const float* values, std::int64_t count) {
  std::array<float, kLanes> lanes{};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      lanes[static_cast<std::size_t>(lane)] += values[i + lane];
    }
  }
  float sum = 0;
  for (; i < count; ++i) {
    sum += values[i];
  }
  for (const float lane : lanes) {
    sum += lane;
  }
  return sum;
}

float largest_of(const float* values, std::int64_t count) {
  std::array<float, kLanes> lanes;
  lanes.fill(kLowest);
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      float& so_far = lanes[static_cast<std::size_t>(lane)];
      so_far = so_far < values[i + lane] ? values[i + lane] : so_far;
    }
  }
  float largest = *std::max_element(lanes.begin(), lanes.end());
  for (; i < count; ++i) {
    largest = std::max(largest, values[i]);
  }
  return largest;
}

template <class Function>
void for_type(const at::Tensor& tensor, const Function& function) {
  if (tensor.scalar_type() == at::kFloat) {
    function(float{});
  } else {
    TORCH_CHECK(tensor.scalar_type() == at::kBFloat16, "expected float32 or bfloat16, got ", tensor.scalar_type());
    function(c10::BFloat16{});
  }
}

template <class T>
void softmax_of_position(T* scores, std::int64_t tokens, std::int64_t heads, float* row, float* largest, float* sum) {
  std::fill_n(largest, heads, kLowest);
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t h = 0; h < heads; ++h) {
      const float value = widened(scores[t * heads + h]);
      row[t * heads + h] = value;
      largest[h] = largest[h] < value ? value : largest[h];
    }
  }
  std::fill_n(sum, heads, 0.0F);
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t h = 0; h < heads; ++h) {
      const float value = exponential(row[t * heads + h] - largest[h]);
      row[t * heads + h] = value;
      sum[h] += value;
    }
  }
  for (std::int64_t t = 0; t < tokens; ++t) {
    for (std::int64_t h = 0; h < heads; ++h) {
      store(scores[t * heads + h], row[t * heads + h] / sum[h]);
    }
  }
}

template <class T>
float softmax_of_row(T* scores, const T* bias_h, const T* bias_w, std::int64_t height, std::int64_t width, float* row) {
  for (std::int64_t y = 0; y < height; ++y) {
    const float bias = widened(bias_h[y]);
    for (std::int64_t x = 0; x < width; ++x) {
      row[y * width + x] = widened(scores[y * width + x]) + bias + widened(bias_w[x]);
    }
  }
  const std::int64_t count = height * width;
  const float largest = largest_of(row, count);
  for (std::int64_t i = 0; i < count; ++i) {
    row[i] = exponential(row[i] - largest);
  }
  for (std::int64_t i = 0; i < count; ++i) {
    store(scores[i], row[i]);
  }
  return sum_of(row, count);
}

/// row: the sums in float32; becomes the distances from their mean.
template <class T>
void normalise_row(float* row, const float* weight, const float* bias, float epsilon, std::int64_t channels,
                   float* squares, T* out) {
  const auto count = static_cast<float>(channels);
  const float mean = sum_of(row, channels) / count;
  for (std::int64_t i = 0; i < channels; ++i) {
    row[i] -= mean;
    squares[i] = row[i] * row[i];
  }
  const float scale = 1 / std::sqrt(sum_of(squares, channels) / count + epsilon);
  for (std::int64_t i = 0; i < channels; ++i) {
    store(out[i], row[i] * scale * weight[i] + bias[i]);
  }
}

}  // namespace

void softmax_over_tokens_(at::Tensor& scores, std::int64_t heads) {
  const std::int64_t width = scores.size(1);
  std::vector<float> row(static_cast<std::size_t>(width));
  std::vector<float> largest(static_cast<std::size_t>(heads));
  std::vector<float> sum(static_cast<std::size_t>(heads));
  for_type(scores, [&](auto type) {
    auto* values = scores.mutable_data_ptr<decltype(type)>();
    for (std::int64_t p = 0; p < scores.size(0); ++p) {
      softmax_of_position(values + p * width, width / heads, heads, row.data(), largest.data(), sum.data());
    }
  });
}

at::Tensor softmax_over_positions_(at::Tensor& scores) {
  const std::int64_t positions = scores.size(0);
  const std::int64_t width = scores.size(1);
  std::vector<float> largest(static_cast<std::size_t>(width), kLowest);
  at::Tensor divisors = at::zeros({width}, at::kFloat);
  auto* sum = divisors.mutable_data_ptr<float>();
  for_type(scores, [&](auto type) {
    auto* values = scores.mutable_data_ptr<decltype(type)>();
    for (std::int64_t p = 0; p < positions; ++p) {
      const auto* row = values + p * width;
      for (std::int64_t m = 0; m < width; ++m) {
        const float value = widened(row[m]);
        float& so_far = largest[static_cast<std::size_t>(m)];
        so_far = so_far < value ? value : so_far;
      }
    }
    for (std::int64_t p = 0; p < positions; ++p) {
      auto* row = values + p * width;
      for (std::int64_t m = 0; m < width; ++m) {
        const float value = exponential(widened(row[m]) - largest[static_cast<std::size_t>(m)]);
        store(row[m], value);
        sum[m] += value;
      }
    }
  });
  return divisors;
}

at::Tensor softmax_with_bias_(at::Tensor& scores, const at::Tensor& bias_h, const at::Tensor& bias_w) {
  const std::int64_t rows = scores.size(0);
  const std::int64_t height = bias_h.size(1);
  const std::int64_t width = bias_w.size(1);
  at::Tensor divisors = at::empty({rows}, at::kFloat);
  auto* sums = divisors.mutable_data_ptr<float>();
  std::vector<float> row(static_cast<std::size_t>(height * width));
  for_type(scores, [&](auto type) {
    using T = decltype(type);
    T* values = scores.mutable_data_ptr<T>();
    const T* of_height = bias_h.const_data_ptr<T>();
    const T* of_width = bias_w.const_data_ptr<T>();
    for (std::int64_t i = 0; i < rows; ++i) {
      sums[i] = softmax_of_row(values + i * height * width, of_height + i * height, of_width + i * width, height, width,
                               row.data());
    }
  });
  return divisors;
}

at::Tensor as_maps(const at::Tensor& flat, std::int64_t grid) {
  const std::int64_t side = 4 * grid;
  at::Tensor maps = at::empty({flat.size(0), side, side}, flat.options());
  const auto* from = flat.const_data_ptr<float>();
  auto* to = maps.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < flat.size(0) * grid; ++row) {
    for (std::int64_t column = 0; column < grid; ++column) {
      float* corner = to + row * 4 * side + column * 4;
      for (std::int64_t pair = 0; pair < 8; ++pair) {
        const std::int64_t y = (pair >> 2) * 2 + (pair & 1);
        const std::int64_t x = (pair >> 1 & 1) * 2;
        corner[y * side + x] = *from++;
        corner[y * side + x + 1] = *from++;
      }
    }
  }
  return maps;
}

void normalise(const at::Tensor& image, const at::Tensor& added, const at::Tensor& weight, const at::Tensor& bias,
               double epsilon, at::Tensor& out) {
  const std::int64_t channels = image.size(1);
  std::vector<float> row(static_cast<std::size_t>(channels));
  std::vector<float> squares(static_cast<std::size_t>(channels));
  const auto* scale = weight.const_data_ptr<float>();
  const auto* shift = bias.const_data_ptr<float>();
  for_type(image, [&](auto type) {
    using T = decltype(type);
    const T* in = image.const_data_ptr<T>();
    const T* more = added.defined() ? added.const_data_ptr<T>() : nullptr;
    T* to = out.mutable_data_ptr<T>();
    for (std::int64_t start = 0; start < image.size(0) * channels; start += channels) {
      for (std::int64_t c = 0; c < channels; ++c) {
        row[static_cast<std::size_t>(c)] = widened(in[start + c]);
      }
      if (more != nullptr) {
        for (std::int64_t c = 0; c < channels; ++c) {
          row[static_cast<std::size_t>(c)] += widened(more[start + c]);
        }
      }
      normalise_row(row.data(), scale, shift, static_cast<float>(epsilon), channels, squares.data(), to + start);
    }
  });
}

}  // namespace samsr
