#include "models/perceptual/input_scaling.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace samsr {
namespace {

at::Tensor by_channel(const std::array<double, 3>& values, c10::Device device) {
  at::Tensor tensor = at::empty({1, 3, 1, 1}, at::kDouble);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<double>());
  return tensor.to(device, at::kFloat);
}

}  // namespace

InputScaling::InputScaling(const std::array<double, 3>& scale, const std::array<double, 3>& offset, c10::Device device)
    : scale_(by_channel(scale, device)), offset_(by_channel(offset, device)) {}

at::Tensor InputScaling::operator()(const at::Tensor& images) const { return (images * scale_).add_(offset_); }

InputScaling imagenet_scaling(c10::Device device) {
  constexpr std::array<double, 3> kMean = {0.485, 0.456, 0.406};
  constexpr std::array<double, 3> kDeviation = {0.229, 0.224, 0.225};
  return {{1 / kDeviation[0], 1 / kDeviation[1], 1 / kDeviation[2]},
          {-kMean[0] / kDeviation[0], -kMean[1] / kDeviation[1], -kMean[2] / kDeviation[2]},
          device};
}

}  // namespace samsr
