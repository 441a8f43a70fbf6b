#pragma once
// Run-length encoding of masks as COCO and its tools (pycocotools) know it: pixels in the order of columns.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace samsr {

/// mask (H, W) uint8 on the CPU, contiguous. Lengths of the runs of 0, 1, 0, …, from top to bottom and then
/// from left to right; the first may be 0 long. COCO's "uncompressed" RLE.
std::vector<std::uint32_t> run_lengths(const at::Tensor& mask);

/// The same as COCO's text, the `counts` of {"size": [H, W], "counts": …}: differences to the run before the
/// last, six bits a character.
std::string coco_rle(const at::Tensor& mask);

/// The mask (H, W) uint8 of COCO's text. UserError when the text is malformed or its runs do not fill H·W.
at::Tensor decode_coco_rle(std::string_view counts, std::int64_t height, std::int64_t width);

}  // namespace samsr
