#pragma once
// Stored numbers to those of training.

#include <cstddef>
#include <cstdint>

namespace samsr {

/// RGB pixels, interleaved, to three planes, each of which begins `plane` numbers after the one before: every byte
/// v to v / 127.5 - 1.
void decode_pixels(const std::uint8_t* pixels, std::size_t count, std::size_t plane, float* out);
/// The same with the bytes as they are.
void decode_pixels(const std::uint8_t* pixels, std::size_t count, std::size_t plane, std::uint8_t* out);

}  // namespace samsr
