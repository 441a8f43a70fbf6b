#include "data/images/bmp_header.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "core/error.h"

namespace samsr {
namespace {

constexpr std::size_t kFileHeader = 14;
constexpr std::uint32_t kCoreHeader = 12;
constexpr std::uint32_t kInfoHeader = 40;
constexpr std::uint32_t kHeaderWithMasks = 52;
constexpr std::uint32_t kHeaderWithAlphaMask = 56;
constexpr std::uint32_t kVersion4 = 108;
constexpr std::uint32_t kVersion5 = 124;

// Compressions.
constexpr std::uint32_t kBmpRgb = 0;
constexpr std::uint32_t kBmpRle8 = 1;
constexpr std::uint32_t kBmpRle4 = 2;
constexpr std::uint32_t kBmpFields = 3;
constexpr std::uint32_t kBmpJpeg = 4;
constexpr std::uint32_t kBmpPng = 5;
constexpr std::uint32_t kBmpAlphaFields = 6;

class BmpBytes {
 public:
  BmpBytes(std::string_view file, const std::string& name) : file_(file), name_(name) {}

  /// Little-endian.
  std::uint32_t number(std::size_t at, int bytes) const {
    if (at + static_cast<std::size_t>(bytes) > file_.size()) {
      fail_bmp_early(name_);
    }
    std::uint32_t value = 0;
    for (int i = bytes - 1; i >= 0; --i) {
      value = value << 8 | static_cast<unsigned char>(file_[at + static_cast<std::size_t>(i)]);
    }
    return value;
  }

  [[noreturn]] void fail(const std::string& reason) const {
    throw UserError("{}: damaged BMP file: {}", name_, reason);
  }

 private:
  std::string_view file_;
  const std::string& name_;
};

void read_bmp_size(const BmpBytes& bytes, bool core, BmpHeader& header) {
  const std::size_t at = kFileHeader + 4;
  if (core) {
    header.width = bytes.number(at, 2);
    header.height = bytes.number(at + 2, 2);
    header.bits = static_cast<int>(bytes.number(at + 6, 2));
  } else {
    header.width = static_cast<std::int32_t>(bytes.number(at, 4));
    header.height = static_cast<std::int32_t>(bytes.number(at + 4, 4));
    header.bits = static_cast<int>(bytes.number(at + 10, 2));
  }
  header.top_down = header.height < 0;
  header.height = std::abs(header.height);
  if (header.width <= 0 || header.height == 0 || header.height > std::numeric_limits<std::int32_t>::max()) {
    bytes.fail(fmt::format("it has {}x{} pixels", header.width, header.height));
  }
}

void check_bmp_compression(const BmpBytes& bytes, std::uint32_t compression, const BmpHeader& header,
                           const std::string& name) {
  if (compression == kBmpJpeg || compression == kBmpPng) {
    throw UserError("{}: is a BMP file with {} inside; convert it to RGB", name,
                    compression == kBmpJpeg ? "JPEG" : "PNG");
  }
  const int bits = header.bits;
  const bool known = bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16 || bits == 24 || bits == 32;
  const bool fits = compression == kBmpRgb || (compression == kBmpRle8 && bits == 8) ||
                    (compression == kBmpRle4 && bits == 4) ||
                    ((compression == kBmpFields || compression == kBmpAlphaFields) && (bits == 16 || bits == 32));
  if (!known || !fits || (header.top_down && (compression == kBmpRle8 || compression == kBmpRle4))) {
    bytes.fail(fmt::format("{} bits a pixel with compression {}{}", bits, compression,
                           header.top_down ? ", from the top down" : ""));
  }
}

/// The masks in the header or behind it; returns the bytes that they take behind it.
std::size_t read_bmp_masks(const BmpBytes& bytes, std::uint32_t size, std::uint32_t compression, BmpHeader& header) {
  if (compression != kBmpFields && compression != kBmpAlphaFields) {
    header.masks = header.bits == 16 ? std::array<std::uint32_t, 4>{0x7C00, 0x03E0, 0x001F, 0}
                                     : std::array<std::uint32_t, 4>{0xFF0000, 0x00FF00, 0x0000FF, 0};
    return 0;
  }
  const bool inside = size >= kHeaderWithMasks;
  const bool alpha = inside ? size >= kHeaderWithAlphaMask : compression == kBmpAlphaFields;
  std::uint64_t taken = 0;
  for (std::size_t c = 0; c < (alpha ? 4U : 3U); ++c) {
    const std::uint32_t mask = bytes.number(kFileHeader + kInfoHeader + 4 * c, 4);
    const int ones = std::popcount(mask);
    const bool one_run = mask == 0 || (std::uint64_t{mask} >> std::countr_zero(mask)) + 1 == std::uint64_t{1} << ones;
    if (!one_run || (taken & mask) != 0 || (c < 3 && mask == 0) || (header.bits == 16 && mask > 0xFFFF)) {
      bytes.fail("its masks of bits cannot be right");
    }
    taken |= mask;
    header.masks[c] = mask;
  }
  return inside ? 0 : alpha ? 16 : 12;
}

void read_bmp_palette(const BmpBytes& bytes, std::size_t at, bool core, BmpHeader& header) {
  const std::size_t entry = core ? 3 : 4;
  const std::size_t most = std::size_t{1} << header.bits;
  std::size_t count = core ? 0 : bytes.number(kFileHeader + 32, 4);
  // 0 is "all"; pixels may begin before an unused rest.
  count = count == 0 || count > most ? most : count;
  if (header.pixels_at > at) {
    count = std::min(count, (header.pixels_at - at) / entry);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t colour = bytes.number(at + i * entry, 3);
    header.palette.push_back({static_cast<std::uint8_t>(colour >> 16), static_cast<std::uint8_t>(colour >> 8),
                              static_cast<std::uint8_t>(colour)});
  }
}

void read_bmp_profile(std::string_view file, const BmpBytes& bytes, BmpHeader& header, const std::string& name) {
  constexpr std::uint32_t kEmbedded = 0x4D424544;
  constexpr std::uint32_t kLinked = 0x4C494E4B;
  const std::uint32_t kind = bytes.number(kFileHeader + 56, 4);
  if (kind == kLinked) {
    header.remarks.emplace_back("a colour profile in another file left out");
  }
  if (kind != kEmbedded) {
    return;
  }
  const std::uint64_t at = kFileHeader + std::uint64_t{bytes.number(kFileHeader + 112, 4)};
  const std::uint64_t size = bytes.number(kFileHeader + 116, 4);
  if (at + size > file.size()) {
    fail_bmp_early(name);
  }
  header.profile = file.substr(at, size);
}

}  // namespace

PictureLayout BmpHeader::picture() const {
  if (indexed()) {
    const bool grey = std::all_of(palette.begin(), palette.end(),
                                  [](const auto& colour) { return colour[0] == colour[1] && colour[1] == colour[2]; });
    return {.width = width, .height = height, .channels = grey ? 1 : 3, .bits = 8};
  }
  const bool wide = std::any_of(masks.begin(), masks.end(), [](std::uint32_t mask) { return std::popcount(mask) > 8; });
  return {.width = width, .height = height, .channels = masks[3] == 0 ? 3 : 4, .bits = wide ? 16 : 8};
}

BmpHeader read_bmp_header(std::string_view file, const std::string& name) {
  const BmpBytes bytes(file, name);
  BmpHeader header;
  header.pixels_at = bytes.number(10, 4);
  const std::uint32_t size = bytes.number(kFileHeader, 4);
  if (size != kCoreHeader && size != kInfoHeader && size != kHeaderWithMasks && size != kHeaderWithAlphaMask &&
      size != kVersion4 && size != kVersion5) {
    throw UserError("{}: is a BMP file with a header of {} bytes, which is not known; convert it to PNG", name, size);
  }
  bytes.number(kFileHeader + size - 4, 4);  // all of the header is there
  const bool core = size == kCoreHeader;
  const std::uint32_t compression = core ? kBmpRgb : bytes.number(kFileHeader + 16, 4);
  read_bmp_size(bytes, core, header);
  check_bmp_compression(bytes, compression, header, name);
  header.run_lengths = compression == kBmpRle4 || compression == kBmpRle8;
  std::size_t end = kFileHeader + size;
  if (header.indexed()) {
    read_bmp_palette(bytes, end, core, header);
  } else {
    end += read_bmp_masks(bytes, size, compression, header);
  }
  if (size == kVersion5) {
    read_bmp_profile(file, bytes, header, name);
  }
  if (header.pixels_at < end) {
    bytes.fail("its pixels begin inside its header");
  }
  return header;
}

void fail_bmp_early(const std::string& name) { throw UserError("{}: the BMP file ends early (truncated?)", name); }

}  // namespace samsr
