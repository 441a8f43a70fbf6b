#include "segmentation/automatic/packed_masks.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace samsr {
namespace {

/// Logits of pixels that exist at a time: 256 MiB.
constexpr std::int64_t kPixelsAtATime = std::int64_t{1} << 26;
constexpr std::int64_t kBits = 8;
/// Moves the lowest bits of eight bytes to the highest byte, the first byte's lowest.
constexpr std::int64_t kGather = 0x0102040810204080;

/// inside (k, H, W) bool, W a multiple of 8, -> (k, H, W/8) uint8.
at::Tensor packed(const at::Tensor& inside) {
  static_assert(std::endian::native == std::endian::little);
  return (inside.view(at::kLong) * kGather).view(at::kByte).unflatten(2, {-1, kBits}).select(3, kBits - 1);
}

/// line (k, n) bool -> the first and the last index that is true, n and -1 where none is. By arithmetic: at::where()
/// copies a number to the device, and waits.
std::pair<at::Tensor, at::Tensor> ends_of(const at::Tensor& line) {
  const at::Tensor from_left = at::arange(1, line.size(1) + 1, line.options().dtype(at::kInt));
  const at::Tensor from_right = line.size(1) + 1 - from_left;
  return {line.size(1) - (line * from_right).amax(1), (line * from_left).amax(1) - 1};
}

/// Fills the results for some of the masks; values (k, H, W), their logits in the picture.
void pack(const at::Tensor& values, double offset, const at::Tensor& bits, const at::Tensor& numbers) {
  const std::int64_t width = values.size(2);
  const at::Tensor inside =
      at::zeros({values.size(0), values.size(1), kBits * bits.size(2)}, bits.options().dtype(at::kBool));
  at::Tensor picture = inside.narrow(2, 0, width);
  at::gt_out(picture, values, 0);
  bits.copy_(packed(inside));
  const auto pixels_above = [&](double least) { return values.gt(least).sum({1, 2}).to(at::kInt); };
  const auto [left, right] = ends_of(picture.any(1));
  const auto [top, bottom] = ends_of(bits.ne(0).any(2));
  const std::vector<at::Tensor> columns{pixels_above(offset), pixels_above(-offset), left, top, right, bottom};
  numbers.copy_(at::stack(columns, 1));
}

}  // namespace

PackedMasks pack_masks(const at::Tensor& logits, const SamFrame& frame, double offset) {
  TORCH_CHECK(logits.dim() == 3 && logits.scalar_type() == at::kFloat, "logits: expected (K, l, l) float32, got ",
              logits.sizes(), " ", logits.scalar_type());
  const std::int64_t height = frame.original.height;
  const std::int64_t width = frame.original.width;
  const std::int64_t count = logits.size(0);
  const PackedMasks masks{at::empty({count, height, (width + kBits - 1) / kBits}, logits.options().dtype(at::kByte)),
                          at::empty({count, 6}, logits.options().dtype(at::kInt))};
  const std::int64_t at_a_time =
      std::max<std::int64_t>(1, kPixelsAtATime / std::max(height * width, frame.side * frame.side));
  for (std::int64_t first = 0; first < count; first += at_a_time) {
    const std::int64_t here = std::min(at_a_time, count - first);
    const at::Tensor values = frame.to_picture(logits.narrow(0, first, here).unsqueeze(0)).squeeze(0);
    pack(values, offset, masks.bits.narrow(0, first, here), masks.numbers.narrow(0, first, here));
  }
  return masks;
}

}  // namespace samsr
