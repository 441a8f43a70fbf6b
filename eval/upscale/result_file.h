#pragma once
// One picture's way into the file of its result.

#include <string>
#include <vector>

#include "data/images/image_file.h"
#include "data/images/image_writer.h"
#include "eval/upscale/upscale_plan.h"
#include "eval/upscale/upscaler.h"

namespace samsr {

/// What the result of one picture will be, known before any of it is made.
struct ResultFile {
  PictureLayout layout;
  std::string profile;               ///< ICC, that goes along; or empty
  std::vector<std::string> changed;  ///< what the format cannot hold, and what becomes of it
  double memory_mb = 0;              ///< of this process while it is made, an estimate
  double disk_mb = 0;                ///< what it takes at most

  /// One line: "24000x16000 pixels, about 2300 MB of memory, at most 1152 MB on disk".
  std::string estimate() const;
};

/// UserError naming `name` when a side is longer than the format allows.
ResultFile plan_result(const PictureUpscaler& upscaler, const ImageFile& image, const UpscaleJob& job,
                       const UpscaleSettings& settings, const std::string& name);

/// Makes the result and writes it row by row; the file is complete, or as it was before. Colours where alpha is 0 are
/// replaced by those beside them, because nobody chose them and the network would draw them into what is seen.
/// UserErrors of Upscaler::upscale() and make_image_writer().
void write_result(const PictureUpscaler& upscaler, ImageFile image, const UpscaleJob& job, const ResultFile& result,
                  const UpscaleSettings& settings, const TakeProgress& progress, BeforeRename before_rename = {});

/// Rows first … end-1 of one channel (H,W) of 8 or 16 bits, enlarged with the kernel of z_y to `depth`: the same as in
/// the whole channel enlarged.
cv::Mat enlarge_alpha(const cv::Mat& alpha, int first, int end, std::int64_t scale, int depth);

}  // namespace samsr
