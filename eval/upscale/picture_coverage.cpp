#include "eval/upscale/picture_coverage.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "segmentation/coverage_of.h"
#include "segmentation/latent_picture.h"

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

/// Rows first … end-1 of what is segmented, all columns, `scale` pixels a side for each of the coverage.
using SegmentedRows = std::function<cv::Mat(int first, int end)>;

/// The coverage (1,1,rows,columns) of a picture that is segmented window by window.
at::Tensor coverage_by_windows(cv::Size size, std::int64_t window, int scale, const SegmentedRows& segmented,
                               MaskSource& masks, double pool_threshold) {
  at::Tensor counts = at::empty({1, 1, size.height, size.width}, at::kByte);
  const std::vector<int> rows = equal_parts(size.height, window);
  const std::vector<int> columns = equal_parts(size.width, window);
  for (std::size_t r = 0; r + 1 < rows.size(); ++r) {
    const cv::Mat band = segmented(rows[r], rows[r + 1]);
    for (std::size_t c = 0; c + 1 < columns.size(); ++c) {
      const cv::Mat part = band.colRange(columns[c] * scale, columns[c + 1] * scale).clone();
      const std::vector<PictureMasks> found = coverage_of({part}, scale, masks, pool_threshold);
      counts[0][0].slice(0, rows[r], rows[r + 1]).slice(1, columns[c], columns[c + 1]).copy_(found.front().coverage);
    }
  }
  return counts;
}

}  // namespace

at::Tensor picture_coverage(const cv::Mat& rgb, std::int64_t scale, std::int64_t window, MaskSource& masks,
                            double pool_threshold) {
  const int factor = static_cast<int>(scale);
  const auto enlarged = [&](int first, int end) { return enlarged_rows(rgb, first, end, factor); };
  return coverage_by_windows(rgb.size(), window, factor, enlarged, masks, pool_threshold);
}

at::Tensor latent_coverage(const at::Tensor& latent, std::int64_t window, MaskSource& masks, double pool_threshold) {
  const cv::Mat picture = stretched_to_bytes(latent[0], value_range({latent}));
  const auto rows = [&](int first, int end) { return picture.rowRange(first, end); };
  return coverage_by_windows(picture.size(), window, 1, rows, masks, pool_threshold);
}

}  // namespace samsr
