#include "models/super_resolution/flow_map_model.h"

#include <ATen/ATen.h>

#include "core/resize.h"

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
  return resize_bicubic(lq, {z_src.size(2), z_src.size(3)});
}

}  // namespace samsr
