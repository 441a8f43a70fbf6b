#pragma once

#include <string>
#include <vector>

#include "core/settings.h"

namespace samsr {

/// Blur, resizing, noise and compression of one order of the degradation. Names in YAML are those of the
/// ResShift configuration, with a 2 at the end for the second order.
struct DegradationOrder {
  int blur_kernel_min = 7;    ///< pixels, odd
  int blur_kernel_size = 21;  ///< largest, pixels, odd
  std::vector<std::string> kernel_list{"iso",         "aniso",        "generalized_iso", "generalized_aniso",
                                       "plateau_iso", "plateau_aniso"};
  std::vector<double> kernel_prob{0.45, 0.25, 0.12, 0.03, 0.12, 0.03};
  double sinc_prob = 0.1;
  std::vector<double> blur_sigma{0.2, 3.0};        ///< pixels
  std::vector<double> betag_range{0.5, 4.0};       ///< shape of the generalized Gaussians
  std::vector<double> betap_range{1.0, 2.0};       ///< shape of the plateaus
  std::vector<double> resize_prob{0.2, 0.7, 0.1};  ///< up, down, keep
  std::vector<double> resize_range{0.15, 1.5};
  double gaussian_noise_prob = 0.5;        ///< else Poisson
  std::vector<double> noise_range{1, 30};  ///< standard deviation in 1/255
  std::vector<double> poisson_scale_range{0.05, 3.0};
  double gray_noise_prob = 0.4;
  std::vector<double> jpeg_range{30, 95};

  /// `suffix`: "" or "2".
  void bind(Settings& settings, const std::string& suffix);
};

/// The second-order degradation of Real-ESRGAN with the values that ResShift, SinSR and SAMSR publish.
struct DegradationSettings {
  std::string preset = "none";        ///< see degradation_preset(); stands below everything set by name
  std::string kind = "second_order";  ///< or bicubic: shrink_bicubic() alone, all below but use_sharp unused
  DegradationOrder first;
  DegradationOrder second{.blur_kernel_size = 15,
                          .blur_sigma = {0.2, 1.5},
                          .resize_prob = {0.3, 0.4, 0.3},
                          .resize_range = {0.3, 1.2},
                          .noise_range = {1, 25},
                          .poisson_scale_range = {0.05, 2.5}};
  double second_order_prob = 0.5;
  double second_blur_prob = 0.8;
  double final_sinc_prob = 0.8;
  std::string use_sharp = "false";
  int usm_radius = 50;  ///< taps of the Gaussian
  double usm_weight = 0.5;
  double usm_threshold = 10;  ///< in 1/255

  /// What is degraded is sharpened.
  bool sharpens() const { return use_sharp != "false"; }
  /// The pair's HR image too.
  bool sharpens_truth() const { return use_sharp == "true"; }

  void bind(Settings& settings);
  /// UserError where settings contradict each other.
  void check() const;
};

}  // namespace samsr
