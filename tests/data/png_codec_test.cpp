#include "data/images/png_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <map>

#include "core/error.h"
#include "core/memory.h"
#include "data/damaged_files.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using testing::error_of;
using testing::expect_cuts_are_seen;
using ::testing::HasSubstr;
using testing::pixel_values;
using testing::same_pixels;

std::string png_number(std::uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += static_cast<char>(value >> shift & 0xFF);
  }
  return text;
}

const Bytef* zlib_view(const std::string& text) { return reinterpret_cast<const Bytef*>(text.data()); }

std::string png_chunk(const std::string& type, const std::string& bytes) {
  const std::string body = type + bytes;
  return png_number(static_cast<std::uint32_t>(bytes.size())) + body +
         png_number(static_cast<std::uint32_t>(::crc32(0, zlib_view(body), static_cast<uInt>(body.size()))));
}

std::string png_packed(const std::string& bytes) {
  uLongf size = ::compressBound(bytes.size());
  std::string out(size, '\0');
  ::compress(reinterpret_cast<Bytef*>(out.data()), &size, zlib_view(bytes), bytes.size());
  return out.substr(0, size);
}

/// Parts of a file that tests put together. `rows`: each with its filter byte before it.
struct PngParts {
  int width = 1;
  int height = 1;
  int bits = 8;
  int type = 0;  ///< 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
  std::string rows{};
  std::string before{};  ///< chunks before the pixels
  std::string after{};
  bool interlaced = false;

  std::string file() const {
    const std::string header = png_number(static_cast<std::uint32_t>(width)) +
                               png_number(static_cast<std::uint32_t>(height)) + static_cast<char>(bits) +
                               static_cast<char>(type) + std::string(2, '\0') + static_cast<char>(interlaced ? 1 : 0);
    return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + before + png_chunk("IDAT", png_packed(rows)) + after +
           png_chunk("IEND", "");
  }
};

std::string png_bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) {
    text += static_cast<char>(value);
  }
  return text;
}

std::vector<int> png_values(const PngParts& parts) { return pixel_values(decode_png(parts.file(), "a", {}).pixels); }

using PngValues = std::vector<int>;

TEST(PngCodec, GreyOfEveryDepth) {
  EXPECT_EQ(png_values({.width = 4, .bits = 1, .rows = png_bytes({0, 0b01100000})}), (PngValues{0, 255, 255, 0}));
  EXPECT_EQ(png_values({.width = 4, .bits = 2, .rows = png_bytes({0, 0b00011011})}), (PngValues{0, 85, 170, 255}));
  EXPECT_EQ(png_values({.width = 2, .bits = 4, .rows = png_bytes({0, 0x3F})}), (PngValues{51, 255}));
  EXPECT_EQ(png_values({.width = 2, .rows = png_bytes({0, 7, 250})}), (PngValues{7, 250}));
  EXPECT_EQ(png_values({.bits = 16, .rows = png_bytes({0, 0x12, 0x34})}), (PngValues{0x1234}));
}

TEST(PngCodec, ColoursAndAlpha) {
  EXPECT_EQ(png_values({.type = 2, .rows = png_bytes({0, 1, 2, 3})}), (PngValues{1, 2, 3}));
  EXPECT_EQ(png_values({.bits = 16, .type = 2, .rows = png_bytes({0, 1, 2, 3, 4, 5, 6})}),
            (PngValues{0x102, 0x304, 0x506}));
  EXPECT_EQ(png_values({.type = 4, .rows = png_bytes({0, 9, 77})}), (PngValues{9, 77}));
  EXPECT_EQ(png_values({.bits = 16, .type = 4, .rows = png_bytes({0, 9, 0, 77, 1})}), (PngValues{0x900, 0x4D01}));
  EXPECT_EQ(png_values({.type = 6, .rows = png_bytes({0, 1, 2, 3, 0})}), (PngValues{1, 2, 3, 0}));
  EXPECT_EQ(png_values({.bits = 16, .type = 6, .rows = png_bytes({0, 1, 0, 2, 0, 3, 0, 4, 0})}),
            (PngValues{0x100, 0x200, 0x300, 0x400}));
}

TEST(PngCodec, PalettesOfEveryDepth) {
  const std::string palette = png_chunk("PLTE", png_bytes({1, 2, 3, 40, 50, 60}));
  for (const auto& [bits, pixel] : std::map<int, int>{{1, 0b01000000}, {2, 0b00010000}, {4, 0x01}}) {
    EXPECT_EQ(png_values({.width = 2, .bits = bits, .type = 3, .rows = png_bytes({0, pixel}), .before = palette}),
              (PngValues{1, 2, 3, 40, 50, 60}))
        << bits;
  }
  EXPECT_EQ(png_values({.width = 2, .type = 3, .rows = png_bytes({0, 1, 0}), .before = palette}),
            (PngValues{40, 50, 60, 1, 2, 3}));
}

TEST(PngCodec, AColourBeyondThePaletteIsAnError) {
  const std::string palette = png_chunk("PLTE", png_bytes({1, 2, 3, 40, 50, 60}));
  for (const std::string& chunks : {palette, palette + png_chunk("tRNS", png_bytes({9}))}) {
    for (const auto& [bits, pixel] : std::map<int, int>{{2, 0b00100000}, {4, 0x0f}, {8, 0x07}}) {
      const PngParts parts{.bits = bits,
                           .type = 3,
                           .rows = png_bytes({0, bits == 8 ? pixel : pixel << (4 - bits % 4)}),
                           .before = chunks};
      EXPECT_THAT(error_of([&] { decode_png(parts.file(), "a.png", {}); }), HasSubstr("of a palette of 2")) << bits;
    }
  }
}

TEST(PngCodec, ATransparentColourBecomesAlpha) {
  EXPECT_EQ(png_values({.width = 2, .rows = png_bytes({0, 7, 8}), .before = png_chunk("tRNS", png_bytes({0, 8}))}),
            (PngValues{7, 255, 8, 0}));
  EXPECT_EQ(png_values({.bits = 16, .rows = png_bytes({0, 7, 8}), .before = png_chunk("tRNS", png_bytes({7, 8}))}),
            (PngValues{0x708, 0}));
  EXPECT_EQ(png_values({.width = 4, .bits = 2, .rows = png_bytes({0, 0x1B}), .before = png_chunk("tRNS", {"\0\2", 2})}),
            (PngValues{0, 255, 85, 255, 170, 0, 255, 255}));
  EXPECT_EQ(png_values({.width = 2,
                        .type = 2,
                        .rows = png_bytes({0, 1, 2, 3, 1, 2, 4}),
                        .before = png_chunk("tRNS", png_bytes({0, 1, 0, 2, 0, 3}))}),
            (PngValues{1, 2, 3, 0, 1, 2, 4, 255}));
  EXPECT_EQ(
      png_values({.width = 2,
                  .type = 3,
                  .rows = png_bytes({0, 1, 0}),
                  .before = png_chunk("PLTE", png_bytes({1, 2, 3, 4, 5, 6})) + png_chunk("tRNS", png_bytes({99}))}),
      (PngValues{4, 5, 6, 255, 1, 2, 3, 99}));
}

TEST(PngCodec, WhatOnlyDescribesTheNumbersLeavesThem) {
  const std::string described = png_chunk("gAMA", png_number(100000)) + png_chunk("sBIT", png_bytes({3}));
  EXPECT_EQ(png_values({.width = 2, .rows = png_bytes({0, 7, 250}), .before = described}), (PngValues{7, 250}));
}

/// Grey from left to right over 12 x 9 pixels: its seven passes one behind the other.
std::string interlaced_rows() {
  constexpr std::array<std::array<int, 4>, 7> kPasses{
      {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}}};
  std::string rows;
  for (const auto& [x0, y0, dx, dy] : kPasses) {
    for (int y = y0; y < 9; y += dy) {
      rows += '\0';
      for (int x = x0; x < 12; x += dx) {
        rows += static_cast<char>(y * 12 + x);
      }
    }
  }
  return rows;
}

TEST(PngCodec, InterlacedIsPutInPlace) {
  const PngValues values = png_values({.width = 12, .height = 9, .rows = interlaced_rows(), .interlaced = true});
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(values[i], static_cast<int>(i));
  }
}

TEST(PngCodec, OfAnAnimationTheFirstFrameIsReadAndSaid) {
  const std::string frames = png_chunk("acTL", png_number(12) + png_number(0));
  const DecodedPicture picture = decode_png(PngParts{.rows = png_bytes({0, 5}), .before = frames}.file(), "a", {});
  EXPECT_THAT(picture.remarks, ::testing::ElementsAre("first of 12 frames"));
  EXPECT_EQ(pixel_values(picture.pixels), PngValues{5});
}

std::map<std::string, std::string> png_files() {
  std::string noise(65 * 65, '\0');
  cv::RNG random(3);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    noise[i] = i % 65 == 0 ? '\0' : static_cast<char>(random.uniform(0, 256));
  }
  const std::string exif("MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 26);
  const std::string before =
      png_chunk("eXIf", exif) + png_chunk("iCCP", std::string("x\0\0", 3) + png_packed("no profile"));
  return {
      {"plain", PngParts{.width = 64, .height = 65, .rows = noise}.file()},
      {"interlaced", PngParts{.width = 12, .height = 9, .rows = interlaced_rows(), .interlaced = true}.file()},
      {"chunks before", PngParts{.rows = png_bytes({0, 5}), .before = before}.file()},
      {"chunks after", PngParts{.rows = png_bytes({0, 5}), .before = {}, .after = png_chunk("tEXt", "a\0b")}.file()}};
}

TEST(PngCodec, ACutIsAnErrorOrThePictureWasWhole) {
  for (const auto& [name, file] : png_files()) {
    SCOPED_TRACE(name);
    EXPECT_GT(expect_cuts_are_seen(file, decode_png, 400), 50);
    EXPECT_TRUE(
        same_pixels(decode_png(file.substr(0, file.size() - 12), name, {}).pixels, decode_png(file, name, {}).pixels));
  }
  // Inside a chunk behind the pixels something is lost, though no pixel.
  const std::string file = png_files().at("chunks after");
  EXPECT_THAT(error_of([&] { decode_png(file.substr(0, file.size() - 14), "a.png", {}); }),
              HasSubstr("a.png: the PNG file ends early (truncated?)"));
}

// libpng takes the memory first: with its own check of lengths 1 GB.
TEST(PngCodec, AChunkLongerThanTheFileIsRefusedBeforeMemoryIsTaken) {
  std::string exif = png_chunk("eXIf", "MM");
  exif[0] = 0x3d;
  for (const PngParts& parts : {PngParts{.rows = png_bytes({0, 5}), .before = exif},
                                PngParts{.rows = png_bytes({0, 5}), .before = {}, .after = exif}}) {
    EXPECT_THAT(error_of([&] { decode_png(parts.file(), "a.png", {}); }),
                HasSubstr("a.png: the PNG file ends early (truncated?)"));
  }
}

// A text is packed a thousandfold; libpng keeps it unpacked, and the pixels need none of it.
TEST(PngCodec, TextsAreNotUnpacked) {
  const std::string packed = png_packed(std::string(std::size_t{30} << 20, 'a'));
  const std::map<std::string, std::string> texts{{"zTXt", std::string("a\0\0", 3) + packed},
                                                 {"iTXt", std::string("a\0\1\0\0\0", 6) + packed}};
  for (const auto& [type, bytes] : texts) {
    std::string chunks;
    for (int i = 0; i < 60; ++i) {
      chunks += png_chunk(type, bytes);
    }
    for (const PngParts& parts : {PngParts{.rows = png_bytes({0, 5}), .before = chunks},
                                  PngParts{.rows = png_bytes({0, 5}), .before = {}, .after = chunks}}) {
      const double before = peak_memory_mb();
      EXPECT_EQ(png_values(parts), PngValues{5});
      EXPECT_LT(peak_memory_mb() - before, 100) << type;
    }
  }
}

TEST(PngCodec, OfSeveralProfilesTheFirstCounts) {
  const auto profile = [](const std::string& text) {
    return png_chunk("iCCP", std::string("a\0\0", 3) + png_packed(text));
  };
  const std::string damaged = png_chunk("iCCP", "a");
  const auto read = [](const std::string& chunks) {
    return decode_png(PngParts{.rows = png_bytes({0, 5}), .before = chunks}.file(), "a", {});
  };
  EXPECT_EQ(read(profile("first") + profile("second")).profile, "first");
  EXPECT_EQ(read(damaged + profile("second")).profile, "");
  EXPECT_THAT(read(damaged + profile("second")).remarks, ::testing::ElementsAre("damaged colour profile left out"));
}

TEST(PngCodec, ChangedBytesAreAnErrorWherePixelsDependOnThem) {
  const std::string file = png_files().at("plain");
  const cv::Mat whole = decode_png(file, "plain", {}).pixels;
  for (std::size_t at = 16; at + 12 < file.size(); at += 29) {
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    EXPECT_THROW(decode_png(changed, "changed", {}), UserError) << at;
  }
  std::string transparent =
      PngParts{.width = 2, .rows = png_bytes({0, 7, 8}), .before = png_chunk("tRNS", png_bytes({0, 8}))}.file();
  transparent[transparent.find("tRNS") + 5] ^= 1;
  EXPECT_THAT(error_of([&] { decode_png(transparent, "a.png", {}); }), HasSubstr("a.png: damaged PNG file: tRNS"));
  for (const auto& [name, each] : png_files()) {
    testing::expect_changes_are_survived(each, decode_png, 200);
  }
}

TEST(PngCodec, AFileSentAsTextIsNamedAsThat) {
  std::string file = PngParts{.rows = png_bytes({0, 5})}.file();
  file.erase(4, 1);  // the carriage return
  EXPECT_TRUE(is_png(file));
  EXPECT_THAT(error_of([&] { decode_png(file, "a.png", {}); }), HasSubstr("its line ends were changed"));
}

TEST(PngCodec, LimitsAreCheckedBeforeMemoryIsTaken) {
  const std::string file = PngParts{.width = 1000000, .height = 1000000, .rows = "\0"}.file();
  EXPECT_THAT(error_of([&] { decode_png(file, "huge.png", {}); }),
              HasSubstr("huge.png: has 1000000 x 1000000 pixels, above images.max_megapixels=500"));
  EXPECT_THAT(error_of([&] { decode_png(file, "huge.png", {.megapixels = 100000000, .memory_mb = 100}); }),
              HasSubstr("above images.max_memory_mb=100"));
}

}  // namespace
}  // namespace samsr
