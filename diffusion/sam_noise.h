#pragma once
// Noise shaped by masks (SAMSR, Eq. 3-7). A mask's own noise is added where the mask lies, so that pixels under
// many masks get more of it; the sum is then standardised.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "diffusion/settings.h"

namespace samsr {

/// ε' by the definition, a map of noise for each mask: masks (B,M,h,w) of 0 and 1, any number type; z
/// (B,M',C,h,w) standard normal, M' = M, or M+1 in the variant `released`, whose last map is for the background.
/// -> (B,C,h,w). Variant `paper`: Σ_m F_m Z_m, less its mean and over its standard deviation, per sample.
/// `released`: the sum over the number of masks at the pixel, standardised per sample and channel by the unbiased
/// deviation, at least 1e-6. A sample without any mask gets the plain noise of its first map. O(M·h·w).
at::Tensor mask_noise(const at::Tensor& masks, const at::Tensor& z, const SamSettings& settings);

/// ε' with the same distribution in O(h·w): the Z_m are independent, so their sum under C masks is sqrt(C)·z.
/// coverage (B,1,h,w): number C of masks at each pixel, any number type; z (B,C,h,w) standard normal.
at::Tensor coverage_noise(const at::Tensor& coverage, const at::Tensor& z, const SamSettings& settings);

}  // namespace samsr
