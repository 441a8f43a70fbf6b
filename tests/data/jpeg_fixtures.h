#pragma once

#include <functional>
#include <opencv2/core.hpp>
#include <string>

#include "core/jpeg_errors.h"

namespace samsr::testing {

/// `pixels` (CV_8UC1, RGB or, of four channels, inks) as a JPEG file; `change` sets parameters after the defaults.
std::string jpeg_of(const cv::Mat& pixels, const std::function<void(jpeg_compress_struct&)>& change = {});

/// Sets `object` to write one scan for each component.
void write_scans_apart(jpeg_compress_struct& object);

}  // namespace samsr::testing
