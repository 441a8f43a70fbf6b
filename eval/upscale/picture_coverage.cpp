#include "eval/upscale/picture_coverage.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "segmentation/coverage_of.h"

namespace samsr {
namespace {

/// Cuts 0 … length into equal parts of at most `most`: part boundaries.
std::vector<int> equal_parts(int length, std::int64_t most) {
  const std::int64_t parts = (length + most - 1) / most;
  std::vector<int> bounds;
  for (std::int64_t i = 0; i <= parts; ++i) {
    bounds.push_back(static_cast<int>(i * length / parts));
  }
  return bounds;
}

/// Rows first … end-1 of the picture in which masks are looked for, enlarged with the rows around them that the
/// interpolation reads.
cv::Mat enlarged_rows(const cv::Mat& rgb, int first, int end, int scale) {
  constexpr int kContext = 4;
  const int from = std::max(first - kContext, 0);
  const int to = std::min(end + kContext, rgb.rows);
  cv::Mat eight_bits;
  rgb.rowRange(from, to).convertTo(eight_bits, CV_8U, rgb.depth() == CV_16U ? 255.0 / 65535 : 1);
  return enlarged_for_masks(eight_bits, scale).rowRange((first - from) * scale, (end - from) * scale);
}

}  // namespace

at::Tensor picture_coverage(const cv::Mat& rgb, std::int64_t scale, std::int64_t window, MaskSource& masks,
                            double pool_threshold) {
  at::Tensor counts = at::empty({1, 1, rgb.rows, rgb.cols}, at::kByte);
  const int factor = static_cast<int>(scale);
  const std::vector<int> rows = equal_parts(rgb.rows, window);
  const std::vector<int> columns = equal_parts(rgb.cols, window);
  for (std::size_t r = 0; r + 1 < rows.size(); ++r) {
    const cv::Mat enlarged = enlarged_rows(rgb, rows[r], rows[r + 1], factor);
    for (std::size_t c = 0; c + 1 < columns.size(); ++c) {
      const cv::Mat part = enlarged.colRange(columns[c] * factor, columns[c + 1] * factor).clone();
      const std::vector<PictureMasks> found = coverage_of({part}, factor, masks, pool_threshold);
      counts[0][0].slice(0, rows[r], rows[r + 1]).slice(1, columns[c], columns[c + 1]).copy_(found.front().coverage);
    }
  }
  return counts;
}

}  // namespace samsr
