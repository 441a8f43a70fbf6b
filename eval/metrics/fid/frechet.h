#pragma once
// The Fréchet distance between normal distributions (Dowson & Landau 1982), as FID is defined by:
//   |m1 - m2|^2 + tr(S1 + S2) - 2 tr sqrt(S1 S2).
// tr sqrt(S1 S2) is the sum of the roots of the eigenvalues of sqrt(S1) S2 sqrt(S1). With S = F'F for any factor F
// these are those of (F1 F2') (F1 F2')', apart from zeros. So for N pictures and D features no matrix is larger than
// the smaller of N and D, and covariances of fewer pictures than features, which are singular, need no special case.

#include <ATen/core/Tensor.h>

namespace samsr {

/// A normal distribution in D dimensions; float64, on the CPU.
struct NormalFit {
  at::Tensor mean;    ///< (D)
  at::Tensor factor;  ///< (R,D): the covariance is factor' factor
};

/// Mean and unbiased covariance of features (N,D), a row a picture, N >= 2.
NormalFit fit_of_features(const at::Tensor& features);
/// Of a given mean (D) and covariance (D,D), symmetric; negative eigenvalues count as 0.
NormalFit fit_of_statistics(const at::Tensor& mean, const at::Tensor& covariance);

/// The unbiased covariance (D,D) of features (N,D), N >= 2, float64.
at::Tensor covariance_of(const at::Tensor& features);

/// The distance, not below 0. Of one number of dimensions.
double frechet_distance(const NormalFit& a, const NormalFit& b);

/// Sum of the singular values of a float64 matrix: of the roots of the eigenvalues of m m', of which negative ones
/// count as 0.
double sum_of_singular_values(const at::Tensor& m);

}  // namespace samsr
