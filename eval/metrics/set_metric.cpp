#include "eval/metrics/set_metric.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace samsr {

at::Tensor SetMetric::prepared(const at::Tensor& picture) const {
  TORCH_CHECK(picture.dim() == 4 && picture.size(0) == 1, "picture is ", picture.sizes(), ", expected (1,3,H,W)");
  return prepared_cropped(cropped(picture));
}

at::Tensor SetMetric::features(const at::Tensor& prepared) const {
  const at::NoGradGuard no_gradients;
  const at::Tensor input = prepared.to(device_).contiguous(at::MemoryFormat::ChannelsLast);
  return features_of(input).to(at::kCPU, at::kFloat).contiguous();
}

std::string SetMetric::fingerprint() const {
  return fmt::format("{}: {}; weights {:08x}; on {}", name(), protocol(), checksum(),
                     c10::DeviceTypeName(device_.type(), /*lower_case=*/true));
}

at::Tensor SetMetric::score_cropped(const at::Tensor&, const at::Tensor&) const {
  TORCH_CHECK(false, name(), " measures a whole set: no picture has a score of its own");
}

}  // namespace samsr
