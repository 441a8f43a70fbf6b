#include "data/shards/decode.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace samsr {
namespace {

TEST(Decode, PixelsBecomePlanesForAnyCount) {
  for (const std::int64_t count : {1, 2, 15, 16, 17, 63, 1000}) {
    const at::Tensor pixels = at::randint(0, 256, {count, 3}, at::kByte);
    const at::Tensor planes = pixels.t().contiguous();
    at::Tensor bytes = at::empty_like(planes);
    decode_pixels(pixels.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(count),
                  static_cast<std::size_t>(count), bytes.mutable_data_ptr<std::uint8_t>());
    EXPECT_TRUE(at::equal(bytes, planes)) << count;
    at::Tensor numbers = at::empty({3, count}, at::kFloat);
    decode_pixels(pixels.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(count),
                  static_cast<std::size_t>(count), numbers.mutable_data_ptr<float>());
    EXPECT_TRUE(at::equal(numbers, planes.to(at::kFloat).div(127.5).sub(1.0))) << count;
  }
}

}  // namespace
}  // namespace samsr
