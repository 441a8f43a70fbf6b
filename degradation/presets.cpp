#include "degradation/presets.h"

#include <stdexcept>
#include <string_view>

namespace samsr {
namespace {

/// Both papers share all but the sizes of kernels, the second order and the sharpening.
constexpr std::string_view kShared = R"(
  kind: second_order
  kernel_list: [iso, aniso, generalized_iso, generalized_aniso, plateau_iso, plateau_aniso]
  kernel_prob: [0.45, 0.25, 0.12, 0.03, 0.12, 0.03]
  sinc_prob: 0.1
  blur_sigma: [0.2, 3.0]
  betag_range: [0.5, 4.0]
  betap_range: [1.0, 2.0]
  resize_prob: [0.2, 0.7, 0.1]
  resize_range: [0.15, 1.5]
  gaussian_noise_prob: 0.5
  noise_range: [1, 30]
  poisson_scale_range: [0.05, 3.0]
  gray_noise_prob: 0.4
  jpeg_range: [30, 95]
  second_blur_prob: 0.8
  kernel_list2: [iso, aniso, generalized_iso, generalized_aniso, plateau_iso, plateau_aniso]
  kernel_prob2: [0.45, 0.25, 0.12, 0.03, 0.12, 0.03]
  sinc_prob2: 0.1
  blur_sigma2: [0.2, 1.5]
  betag_range2: [0.5, 4.0]
  betap_range2: [1.0, 2.0]
  resize_prob2: [0.3, 0.4, 0.3]
  resize_range2: [0.3, 1.2]
  gaussian_noise_prob2: 0.5
  noise_range2: [1, 25]
  poisson_scale_range2: [0.05, 2.5]
  gray_noise_prob2: 0.4
  jpeg_range2: [30, 95]
  final_sinc_prob: 0.8
)";

constexpr std::string_view kRealEsrgan = R"(
  blur_kernel_min: 7
  blur_kernel_size: 21
  second_order_prob: 1.0
  blur_kernel_min2: 7
  blur_kernel_size2: 21
  use_sharp: true
  usm_radius: 50
  usm_weight: 0.5
  usm_threshold: 10
)";

constexpr std::string_view kResShift = R"(
  blur_kernel_min: 3
  blur_kernel_size: 19
  second_order_prob: 0.5
  blur_kernel_min2: 3
  blur_kernel_size2: 13
  use_sharp: false
)";

std::string section(std::string_view first, std::string_view second) {
  return std::string("degradation:").append(first).append(second);
}

}  // namespace

std::vector<std::string> degradation_presets() { return {"none", "realesrgan", "resshift_v1", "bicubic"}; }

std::string degradation_preset(const std::string& name) {
  if (name == "none") {
    return {};
  }
  if (name == "realesrgan") {
    return section(kShared, kRealEsrgan);
  }
  if (name == "resshift_v1") {
    return section(kShared, kResShift);
  }
  if (name == "bicubic") {
    return section("\n  kind: bicubic\n", "  use_sharp: false\n");
  }
  throw std::logic_error("no preset " + name);
}

}  // namespace samsr
