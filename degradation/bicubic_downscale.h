#pragma once

#include <opencv2/core.hpp>

namespace samsr {

/// MATLAB's imresize(image, 1/factor), the "bicubic" low-resolution image of super-resolution benchmarks: the
/// cubic kernel (a = -0.5) stretched by `factor`, so low-passed, borders mirrored with the edge pixel repeated.
/// image: CV_32FC3 with sides that are multiples of factor ≥ 1.
cv::Mat shrink_bicubic(const cv::Mat& image, int factor);

}  // namespace samsr
