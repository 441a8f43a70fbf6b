#pragma once
// Additive noise as in BasicSR's data.degradations (the torch versions). Nothing is clamped here.

#include <array>
#include <opencv2/core.hpp>

#include "core/rng.h"
#include "degradation/poisson_table.h"

namespace samsr {

/// Adds normal noise of standard deviation sigma / 255 to `image` (CV_32FC3, [0, 1]) in place.
/// grey: the same noise on all three channels.
void add_gaussian_noise(cv::Mat& image, double sigma, bool grey, Rng& rng);

/// Shot noise. Its tables depend on nothing, so one object serves all images and threads.
class PoissonNoise {
 public:
  PoissonNoise();

  /// Adds scale · (P(v · x) / v - x) in place, x the image (CV_32FC3, [0, 1]) rounded to 8 bits and v the
  /// number of different values in it, rounded up to a power of two; the image keeps its own precision.
  /// grey: noise of the luma (0.2989 R + 0.587 G + 0.114 B) on all three channels.
  void add(cv::Mat& image, double scale, bool grey, Rng& rng) const;

 private:
  const PoissonTable& table_for(const std::array<bool, 256>& present, int& count) const;

  std::array<PoissonTable, 9> tables_;  ///< for v = 1, 2, 4, … 256
};

}  // namespace samsr
