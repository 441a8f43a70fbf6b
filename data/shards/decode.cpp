#include "data/shards/decode.h"

#include "core/pixels.h"

namespace samsr {
namespace {

/// Told that the planes do not overlap, the compiler vectorises this.
template <class Out, class Convert>
void to_planes(const std::uint8_t* __restrict pixels, std::size_t count, Out* __restrict red, Out* __restrict green,
               Out* __restrict blue, Convert convert) {
  for (std::size_t i = 0; i < count; ++i) {
    red[i] = convert(pixels[3 * i]);
    green[i] = convert(pixels[3 * i + 1]);
    blue[i] = convert(pixels[3 * i + 2]);
  }
}

}  // namespace

void decode_pixels(const std::uint8_t* pixels, std::size_t count, std::size_t plane, float* out) {
  to_planes(pixels, count, out, out + plane, out + 2 * plane,
            [](std::uint8_t value) { return signed_from_byte(value); });
}

void decode_pixels(const std::uint8_t* pixels, std::size_t count, std::size_t plane, std::uint8_t* out) {
  to_planes(pixels, count, out, out + plane, out + 2 * plane, [](std::uint8_t value) { return value; });
}

}  // namespace samsr
