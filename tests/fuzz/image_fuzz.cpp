// Any bytes as a picture: told by content, so PNG, JPEG, WebP, TIFF, BMP and PNM. PNG's chunks carry CRCs, which the
// mutator makes fit, as nothing behind them would be reached otherwise.

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "data/images/image_file.h"
#include "fuzz/memory_file.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t size, std::size_t most);

namespace {

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

void mend_png(std::uint8_t* bytes, std::size_t size) {
  if (size < 8 || std::memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) != 0) {
    return;
  }
  for (std::size_t at = 8; size - at >= 12;) {
    const std::size_t length = big_endian(bytes + at);
    if (length > size - at - 12) {
      return;
    }
    const auto crc = static_cast<std::uint32_t>(::crc32(0, bytes + at + 4, static_cast<uInt>(length + 4)));
    for (std::size_t i = 0; i < 4; ++i) {
      bytes[at + 8 + length + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
    }
    at += length + 12;
  }
}

/// Low enough that a picture which promises more shows, and that most of the time is not spent on blank pixels.
constexpr samsr::ImageLimits kLimits{.megapixels = 8, .memory_mb = 512};

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t size, std::size_t most, unsigned seed) {
  const std::size_t mutated = LLVMFuzzerMutate(bytes, size, most);
  if (seed % 8 != 0) {
    mend_png(bytes, mutated);
  }
  return mutated;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string file = samsr::fuzz::text_of(bytes, size);
  for (const samsr::Bits bits : {samsr::Bits::kEight, samsr::Bits::kKept}) {
    samsr::fuzz::must_be_read_or_refused([&] {
      const samsr::ImageFile image = samsr::decode_image(file, "input", bits, kLimits);
      if (image.rgb.empty() || image.rgb.channels() != 3 ||
          (!image.alpha.empty() && image.alpha.size() != image.rgb.size())) {
        std::abort();
      }
      // Reads each pixel, so that one never written to, or beyond the memory, is found.
      volatile double sum = cv::sum(image.rgb)[0] + (image.alpha.empty() ? 0 : cv::sum(image.alpha)[0]);
      static_cast<void>(sum);
    });
  }
  return 0;
}
