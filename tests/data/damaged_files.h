#pragma once
// What readers of pictures must survive: files cut anywhere, and files with changed bytes.

#include <functional>
#include <opencv2/core.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "data/images/codec.h"

namespace samsr::testing {

using Decode = std::function<DecodedPicture(std::string_view file, const std::string& name, const ImageLimits& limits)>;

/// The same size, type and numbers.
bool same_pixels(const cv::Mat& a, const cv::Mat& b);

/// Row by row, channels together.
std::vector<int> pixel_values(const cv::Mat& pixels);

/// `file` cut after each of its bytes (or after `most` of them, evenly) gives an error that names it, or the whole
/// picture. Returns how many gave an error.
int expect_cuts_are_seen(const std::string& file, const Decode& decode, std::size_t most = 1000);

/// `file` with one to four random bytes changed, `rounds` times: a picture within the limits, or a UserError.
void expect_changes_are_survived(const std::string& file, const Decode& decode, int rounds);

}  // namespace samsr::testing
