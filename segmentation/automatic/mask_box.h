#pragma once

#include <cstddef>
#include <vector>

namespace samsr {

/// Smallest box around a mask: its first and last columns and rows, both inside. All 0 for an empty mask.
struct MaskBox {
  int left = 0;
  int top = 0;
  int right = 0;
  int bottom = 0;

  bool operator==(const MaskBox&) const = default;
};

/// Non-maximum suppression: of boxes whose intersection over union is above `threshold`, only the one with the
/// highest score stays. As in torchvision, a box's area is (right - left)·(bottom - top). Returns the indices
/// that stay by falling score; equal scores keep their order.
std::vector<std::size_t> suppress_boxes(const std::vector<MaskBox>& boxes, const std::vector<float>& scores,
                                        double threshold);

}  // namespace samsr
