#include "segmentation/automatic/mask_box.h"

#include <algorithm>
#include <numeric>

namespace samsr {
namespace {

float overlap_length(int begin_a, int end_a, int begin_b, int end_b) {
  return static_cast<float>(std::max(0, std::min(end_a, end_b) - std::max(begin_a, begin_b)));
}

float area(const MaskBox& box) {
  return static_cast<float>(box.right - box.left) * static_cast<float>(box.bottom - box.top);
}

/// False for two boxes without area, whose ratio is 0/0.
bool overlaps(const MaskBox& a, const MaskBox& b, double threshold) {
  const float both =
      overlap_length(a.left, a.right, b.left, b.right) * overlap_length(a.top, a.bottom, b.top, b.bottom);
  return both / (area(a) + area(b) - both) > threshold;
}

}  // namespace

std::vector<std::size_t> suppress_boxes(const std::vector<MaskBox>& boxes, const std::vector<float>& scores,
                                        double threshold) {
  std::vector<std::size_t> order(boxes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<std::size_t> kept;
  for (const std::size_t candidate : order) {
    if (std::none_of(kept.begin(), kept.end(),
                     [&](std::size_t better) { return overlaps(boxes[better], boxes[candidate], threshold); })) {
      kept.push_back(candidate);
    }
  }
  return kept;
}

}  // namespace samsr
