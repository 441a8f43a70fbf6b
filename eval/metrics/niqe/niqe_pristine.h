#pragma once

#include <array>

namespace samsr {

/// Mean of the 36 features over the pristine photographs of Mittal et al. 2013 (the published model).
extern const std::array<double, 36> kNiqePristineMean;
/// Their covariance, row-major.
extern const std::array<double, 36 * 36> kNiqePristineCovariance;

}  // namespace samsr
