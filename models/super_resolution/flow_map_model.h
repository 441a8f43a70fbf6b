#pragma once
// UNetSwin as the velocity of a flow map (diffusion/flow_map.h).

#include "diffusion/flow_map.h"
#include "models/super_resolution/model_settings.h"
#include "models/unet/unet_swin.h"

namespace samsr {

/// v(x,s,t;c) of a network with unet.flow_map; keeps it alive. `time_scale`: flowmap.time_scale.
Velocity velocity_of(const UNetSwin& unet, double time_scale);

/// What a flow map is conditioned on (flowmap.condition): lq (B,3,H,W) RGB in [-1,1], resized bicubically to the size
/// of z_src (B,C,h,w), antialiased where that is smaller; or z_src itself; undefined without unet.cond_lq.
at::Tensor flow_condition(const ModelSettings& settings, const at::Tensor& lq, const at::Tensor& z_src);

}  // namespace samsr
