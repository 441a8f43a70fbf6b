#include "segmentation/graph/graph_masks.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

#include "segmentation/graph/graph_segmentation.h"

namespace samsr {
namespace {

/// One scale's segments and which of them become masks.
struct Scale {
  Segments segments;
  std::vector<int> mask_of;  ///< number of the mask of each label, -1 for none
  std::vector<int> areas;    ///< of the masks, pixels
};

Scale select_by_area(Segments segments, double smallest, double largest) {
  Scale scale{std::move(segments), {}, {}};
  for (const int area : scale.segments.area) {
    const bool kept = area >= smallest && area <= largest;
    scale.mask_of.push_back(kept ? static_cast<int>(scale.areas.size()) : -1);
    if (kept) {
      scale.areas.push_back(area);
    }
  }
  return scale;
}

/// Masks of `later` that some mask of `earlier` shows already.
std::vector<bool> repeated(const Scale& earlier, const Scale& later, double same) {
  const std::size_t width = later.areas.size();
  std::vector<int> shared(earlier.areas.size() * width, 0);
  const auto* a = earlier.segments.labels.ptr<std::int32_t>();
  const auto* b = later.segments.labels.ptr<std::int32_t>();
  for (std::size_t pixel = 0; pixel < later.segments.labels.total(); ++pixel) {
    const int i = earlier.mask_of[static_cast<std::size_t>(a[pixel])];
    const int j = later.mask_of[static_cast<std::size_t>(b[pixel])];
    if (i >= 0 && j >= 0) {
      ++shared[static_cast<std::size_t>(i) * width + static_cast<std::size_t>(j)];
    }
  }
  std::vector<bool> found(width, false);
  for (std::size_t i = 0; i < earlier.areas.size(); ++i) {
    for (std::size_t j = 0; j < width; ++j) {
      const int both = shared[i * width + j];
      found[j] = found[j] || both >= same * (earlier.areas[i] + later.areas[j] - both);
    }
  }
  return found;
}

void drop(Scale& scale, const std::vector<bool>& dropped) {
  std::vector<int> areas;
  for (int& mask : scale.mask_of) {
    if (mask >= 0) {
      const bool gone = dropped[static_cast<std::size_t>(mask)];
      const int area = scale.areas[static_cast<std::size_t>(mask)];
      mask = gone ? -1 : static_cast<int>(areas.size());
      if (!gone) {
        areas.push_back(area);
      }
    }
  }
  scale.areas = std::move(areas);
}

/// Paints the scale's masks, enlarged to `size`, one after the other from `out` on.
void paint(const Scale& scale, cv::Size size, std::uint8_t* out) {
  const cv::Mat& labels = scale.segments.labels;
  for (int y = 0; y < size.height; ++y) {
    const auto* row = labels.ptr<std::int32_t>(y * labels.rows / size.height);
    for (int x = 0; x < size.width; ++x) {
      const int mask = scale.mask_of[static_cast<std::size_t>(row[x * labels.cols / size.width])];
      if (mask >= 0) {
        out[(static_cast<std::ptrdiff_t>(mask) * size.height + y) * size.width + x] = 1;
      }
    }
  }
}

}  // namespace

at::Tensor graph_masks(const cv::Mat& rgb, const MaskSettings& settings) {
  CV_Assert(rgb.type() == CV_8UC3 && !rgb.empty());
  settings.check();
  std::vector<GraphScale> parameters;
  for (std::size_t i = 0; i < settings.graph_k.size(); ++i) {
    parameters.push_back({settings.graph_k[i], settings.graph_min_size[i]});
  }
  cv::Mat image = rgb;
  if (settings.graph_reduce > 1) {
    const cv::Size size(std::max(1, rgb.cols / settings.graph_reduce), std::max(1, rgb.rows / settings.graph_reduce));
    cv::resize(rgb, image, size, 0, 0, cv::INTER_AREA);
  }
  const double pixels = static_cast<double>(image.total());
  std::vector<Scale> scales;
  std::int64_t count = 0;
  for (Segments& segments : segment_graph(image, settings.graph_sigma, parameters)) {
    Scale scale =
        select_by_area(std::move(segments), settings.graph_min_area * pixels, settings.graph_max_area * pixels);
    for (const Scale& earlier : scales) {
      drop(scale, repeated(earlier, scale, settings.graph_same));
    }
    count += static_cast<std::int64_t>(scale.areas.size());
    scales.push_back(std::move(scale));
  }
  at::Tensor masks = at::zeros({count, rgb.rows, rgb.cols}, at::kByte);
  auto* out = masks.data_ptr<std::uint8_t>();
  for (const Scale& scale : scales) {
    paint(scale, rgb.size(), out);
    out += scale.areas.size() * rgb.total();
  }
  return masks;
}

}  // namespace samsr
