#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "data/images/tiff_layout.h"

namespace samsr {

/// Decodes every strip or tile of the handle's current page to layout.picture(). UserError naming the file and the
/// reason when one cannot be decoded whole: also for what libtiff only warns of and fills up.
cv::Mat read_tiff_pixels(TIFF* file, const TiffLayout& layout, TiffMessages& messages, const std::string& name);

}  // namespace samsr
