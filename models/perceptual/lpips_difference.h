#pragma once

#include <ATen/core/Tensor.h>

namespace samsr {

/// Part of LPIPS that one layer adds: mean over positions of sum over channels of w_c (f_c / |f| - g_c / |g|)^2, (B).
/// `features` (2B,C,H,W), float32, channels last: the images', then the references'; `channel_weights` (C). Has a
/// gradient where `features` want one; that of a position whose features are all 0 is 0.
at::Tensor lpips_difference(const at::Tensor& features, const at::Tensor& channel_weights);

}  // namespace samsr
