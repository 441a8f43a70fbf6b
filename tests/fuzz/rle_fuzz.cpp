// Any bytes as the run lengths of a mask, whose sides are the first two; what is read must encode to a text that reads
// as the same mask.

#include <ATen/ATen.h>

#include "fuzz/memory_file.h"
#include "segmentation/automatic/rle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) {
    return 0;
  }
  const std::int64_t height = bytes[0] % 32;
  const std::int64_t width = bytes[1] % 32;
  samsr::fuzz::must_be_read_or_refused([&] {
    const std::string text = samsr::fuzz::text_of(bytes + 2, size - 2);
    const at::Tensor mask = samsr::decode_coco_rle(text, height, width);
    if (!at::equal(samsr::decode_coco_rle(samsr::coco_rle(mask), height, width), mask)) {
      std::abort();
    }
  });
  return 0;
}
