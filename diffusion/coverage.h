#pragma once
// From masks to the semantic weight, Eq. 3-4 of SAMSR (arXiv 2505.07071). Any device.

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "diffusion/settings.h"

namespace samsr {

/// F_a: masks (…, M, factor·H, factor·W) of 0 and 1 (uint8 or bool), averaged over factor × factor pixels and
/// compared: (…, M, H, W) uint8, 1 where the mean is above `threshold`. M may be 0.
at::Tensor pool_masks(const at::Tensor& masks, std::int64_t factor, double threshold);

/// C = Σ_m F_a^m: (…, M, H, W) to (…, H, W) uint8; counts above 255 are 255.
at::Tensor coverage(const at::Tensor& pooled);

/// W = C / max C, the maximum over the last two dimensions, each sample's own: float32 in [0, 1] of the same
/// shape, all 0 where nothing is covered.
at::Tensor semantic_weight(const at::Tensor& coverage);

/// max C of samples or of pieces of them: coverage (…, H, W) to (…, 1, 1) float32.
at::Tensor largest_coverage(const at::Tensor& coverage);

/// W = C / max C of a piece of a sample whose largest coverage is `largest`, as largest_coverage() gives it.
at::Tensor semantic_weight(const at::Tensor& coverage, const at::Tensor& largest);

/// coverage (B,1,H,W) as float32, brought to the latent's size h×w by nearest neighbours.
at::Tensor coverage_at(const at::Tensor& coverage, std::int64_t height, std::int64_t width);

/// coverage (B,1,h,w) as float32, with 1 instead of 0 in the variant `released`, where the background counts as a
/// mask of its own.
at::Tensor effective_coverage(const at::Tensor& coverage, const SamSettings& settings);

}  // namespace samsr
