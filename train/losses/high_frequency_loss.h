#pragma once
// High-frequency perception (HFP), as VPD-SR's abstract names it (arXiv 2506.02605): what the prediction's fine detail
// lacks of the HR image's. Which operator takes the detail is not published, so it is a choice (docs/method.md,
// "VPD-SR-style"). Images (B,3,H,W), RGB in [-1,1], float32 or double; transforms never run in less than float32.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/settings.h"

namespace samsr {

/// Section `hfp.`.
struct HighFrequencySettings {
  std::string filter = "fft";
  double radius = 0.25;
  std::int64_t levels = 2;
  double sigma = 2;
  double eps = 1e-6;

  void bind(Settings& settings);
  /// UserError when pictures of (height, width) are too small for the filter, or no multiple of what it halves.
  void check_sides(std::int64_t height, std::int64_t width) const;
};

/// (B,3,H,W): what remains of frequencies beyond radius/2 cycles a pixel, on both axes together, of the picture as a
/// periodic one.
at::Tensor high_pass_fft(const at::Tensor& images, double radius);

/// x - G_σ∗x of 2⌈3σ⌉+1 taps, borders reflected without the edge; sides above ⌈3σ⌉.
at::Tensor high_pass_gauss(const at::Tensor& images, double sigma);

/// The three detail bands of `levels` orthonormal Haar transforms, (B,9,H/2^l,W/2^l) each: differences along rows,
/// along columns, along both, of three channels each. H and W are multiples of 2^levels.
std::vector<at::Tensor> haar_details(const at::Tensor& images, std::int64_t levels);

/// ½(√(g_x² + g_y² + eps) + |∇²x|) of each channel: Sobel's slopes and the Laplacian of four neighbours, borders
/// reflected without the edge.
at::Tensor edge_strength(const at::Tensor& images, double eps);

/// (B): mean |detail(prediction) - detail(truth)|; of haar, the mean of the levels' means.
at::Tensor high_frequency_loss(const at::Tensor& prediction, const at::Tensor& truth,
                               const HighFrequencySettings& settings);

}  // namespace samsr
