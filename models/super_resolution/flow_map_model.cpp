#include "models/super_resolution/flow_map_model.h"

#include <ATen/ATen.h>

#include <array>

namespace samsr {

Velocity velocity_of(const UNetSwin& unet, double time_scale) {
  return [network = unet.ptr(), time_scale](const at::Tensor& x, const at::Tensor& s, const at::Tensor& t,
                                            const FlowCondition& given) {
    return network->velocity(x, FlowMapPlace{time_scale * s, time_scale * (t - s), given.prompt}, given.image);
  };
}

at::Tensor flow_condition(const ModelSettings& settings, const at::Tensor& lq, const at::Tensor& z_src) {
  if (!settings.unet.cond_lq) {
    return {};
  }
  if (settings.flow_map.condition == "z_src") {
    return z_src;
  }
  const std::array<std::int64_t, 2> size{z_src.size(2), z_src.size(3)};
  if (lq.size(2) == size[0] && lq.size(3) == size[1]) {
    return lq;
  }
  return size[0] < lq.size(2) ? at::_upsample_bicubic2d_aa(lq, size, /*align_corners=*/false)
                              : at::upsample_bicubic2d(lq, size, /*align_corners=*/false);
}

}  // namespace samsr
