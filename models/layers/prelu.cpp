#include "models/layers/prelu.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "core/kernels.h"

namespace samsr {
namespace {

template <class Number>
void activate(at::Tensor& x, const at::Tensor& slope) {
  const std::int64_t channels = x.size(1);
  const auto* slopes = slope.data_ptr<Number>();
  auto* values = x.data_ptr<Number>();
  constexpr std::int64_t kGrain = 32768;
  at::parallel_for(0, x.numel() / channels, std::max<std::int64_t>(kGrain / channels, 1),
                   [&](std::int64_t first, std::int64_t last) {
                     for (std::int64_t pixel = first; pixel < last; ++pixel) {
                       Number* row = values + pixel * channels;
                       for (std::int64_t c = 0; c < channels; ++c) {
                         const auto value = static_cast<float>(row[c]);
                         const auto scaled = value * static_cast<float>(slopes[c]);
                         row[c] = static_cast<Number>(value > 0 ? value : scaled);
                       }
                     }
                   });
}

}  // namespace

at::Tensor prelu_over(at::Tensor x, const at::Tensor& slope) {
  const bool known = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  if (at::GradMode::is_enabled() || !cpu_kernels(x) || !known || slope.scalar_type() != x.scalar_type() ||
      !slope.is_contiguous() || !x.is_contiguous(at::MemoryFormat::ChannelsLast)) {
    return at::prelu(x, slope);
  }
  if (x.scalar_type() == at::kFloat) {
    activate<float>(x, slope);
  } else {
    activate<at::BFloat16>(x, slope);
  }
  return x;
}

}  // namespace samsr
