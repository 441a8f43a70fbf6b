#pragma once
// Blur kernels of Real-ESRGAN (Wang et al. 2021, section 3.1), as BasicSR's data.degradations defines them.

#include <opencv2/core.hpp>
#include <string>

namespace samsr {

/// One blur kernel by its parameters. With q = xᵀ Σ⁻¹ x, Σ = R(theta) diag(sigma_x², sigma_y²) R(theta)ᵀ:
///   iso, aniso                         exp(-q / 2)
///   generalized_iso, generalized_aniso exp(-q^beta / 2)
///   plateau_iso, plateau_aniso         1 / (1 + q^beta)
///   sinc                               cutoff J₁(cutoff r) / (2π r), the circular low pass
/// The iso kinds use sigma_x alone.
struct KernelSpec {
  std::string kind = "iso";
  int size = 7;          ///< pixels, odd
  double sigma_x = 1.0;  ///< pixels
  double sigma_y = 1.0;  ///< pixels
  double theta = 0.0;    ///< radians
  double beta = 1.0;     ///< shape; 1 is the Gaussian
  double cutoff = 0.0;   ///< radians per pixel, at most π
};

/// True for the kinds that use sigma_y and theta.
bool is_anisotropic(const std::string& kind);

/// True for the kinds that use beta.
bool has_shape(const std::string& kind);

/// The kernel, CV_64F (size, size), summing to 1. std::logic_error for an unknown kind.
cv::Mat make_kernel(const KernelSpec& spec);

/// `kernel` in the middle of a CV_64F (size, size) of zeros; size is odd and not smaller than the kernel.
cv::Mat pad_kernel(const cv::Mat& kernel, int size);

}  // namespace samsr
