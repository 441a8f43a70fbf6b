#include "segmentation/automatic/packed_candidates.h"

#include <ATen/ATen.h>

#include <optional>

#include "core/parallel.h"
#include "segmentation/automatic/crop_layout.h"
#include "segmentation/automatic/packed_masks.h"

namespace samsr {
namespace {

/// A copy on the host, through memory that a GPU writes by itself.
at::Tensor fetched(const at::Tensor& tensor) {
  at::Tensor host = at::empty(tensor.sizes(), at::TensorOptions(tensor.dtype()).pinned_memory(tensor.is_cuda()));
  return host.copy_(tensor);
}

}  // namespace

PackedCandidates::PackedCandidates(cv::Size image, cv::Rect crop, std::int64_t side,
                                   const AutomaticMaskSettings& settings)
    : image_(image), crop_(crop), frame_(crop.size(), side), settings_(settings) {}

void PackedCandidates::add(const PointMasks& answers, const std::vector<cv::Point2d>& points) {
  const PackedMasks masks = pack_masks(answers.logits, frame_, settings_.stability_score_offset);
  bits_.push_back(masks.bits);
  numbers_.push_back(masks.numbers);
  for (std::int64_t i = 0; i < answers.point.numel(); ++i) {
    iou_.push_back(answers.iou.const_data_ptr<float>()[i]);
    points_.push_back(points[static_cast<std::size_t>(answers.point.const_data_ptr<std::int64_t>()[i])]);
  }
}

std::vector<PackedCandidates::Candidate> PackedCandidates::acceptable() const {
  std::vector<Candidate> candidates;
  const at::Tensor numbers = fetched(at::cat(numbers_));
  const auto least_stable = static_cast<float>(settings_.stability_score_thresh);
  const auto* of_mask = numbers.const_data_ptr<std::int32_t>();
  for (std::size_t row = 0; row < iou_.size(); ++row, of_mask += numbers.size(1)) {
    // Not a number when no logit is above -offset; such a mask is never stable.
    const float stability = static_cast<float>(of_mask[0]) / static_cast<float>(of_mask[1]);
    const cv::Point corner = crop_.tl();
    const bool empty = of_mask[4] < 0;
    const MaskBox box =
        empty ? MaskBox{corner.x, corner.y, corner.x, corner.y}
              : MaskBox{corner.x + of_mask[2], corner.y + of_mask[3], corner.x + of_mask[4], corner.y + of_mask[5]};
    const bool stable = settings_.stability_score_thresh <= 0 || stability >= least_stable;
    if (stable && !cut_off(box, crop_, image_)) {
      candidates.push_back({box, stability, row});
    }
  }
  return candidates;
}

std::vector<AutomaticMask> PackedCandidates::take() const {
  if (iou_.empty()) {
    return {};
  }
  const std::vector<Candidate> candidates = acceptable();
  std::vector<MaskBox> boxes;
  std::vector<float> scores;
  for (const Candidate& each : candidates) {
    boxes.push_back(each.box);
    scores.push_back(iou_[each.row]);
  }
  const std::vector<std::size_t> kept = suppress_boxes(boxes, scores, settings_.box_nms_thresh);
  std::vector<std::int64_t> rows;
  for (const std::size_t index : kept) {
    rows.push_back(static_cast<std::int64_t>(candidates[index].row));
  }
  const at::Tensor all = bits_.size() == 1 ? bits_.front() : at::cat(bits_);
  const at::Tensor bits =
      fetched(all.index_select(0, at::tensor(rows, at::kLong).to(all.device(), /*non_blocking=*/true)));
  std::vector<std::optional<AutomaticMask>> read(kept.size());
  in_parallel(bits.size(0), [&](std::int64_t i) {
    const Candidate& candidate = candidates[kept[static_cast<std::size_t>(i)]];
    BitMask mask(image_);
    const auto* row = bits.const_data_ptr<std::uint8_t>() + i * bits.size(1) * bits.size(2);
    for (int y = 0; y < crop_.height; ++y, row += bits.size(2)) {
      mask.set_packed_row(crop_.y + y, crop_.x, row, crop_.width);
    }
    read[static_cast<std::size_t>(i)] = AutomaticMask{std::move(mask),
                                                      candidate.box,
                                                      iou_[candidate.row],
                                                      candidate.stability,
                                                      points_[candidate.row] + cv::Point2d(crop_.tl()),
                                                      crop_};
  });
  std::vector<AutomaticMask> masks;
  for (std::optional<AutomaticMask>& mask : read) {
    masks.push_back(std::move(*mask));
  }
  return masks;
}

}  // namespace samsr
