#include "data/images/bmp_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/damaged_files.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::ElementsAre;
using testing::error_of;
using testing::expect_changes_are_survived;
using testing::expect_cuts_are_seen;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::pixel_values;

/// Fields of a BMP file, put together by file().
struct Bitmap {
  std::uint32_t header = 40;
  int width = 2;
  int height = 2;
  int bits = 24;
  std::uint32_t compression = 0;
  std::uint32_t colours = 0;
  std::vector<std::uint32_t> masks{};    ///< behind a header of 40 bytes, else inside
  std::vector<std::uint32_t> palette{};  ///< 0xRRGGBB
  std::string pixels{};
  std::string profile{};

  std::string file() const;
};

void put_number(std::string& bytes, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i, value >>= 8) {
    bytes += static_cast<char>(value & 255);
  }
}

std::string Bitmap::file() const {
  std::string head;
  put_number(head, header, 4);
  if (header == 12) {
    put_number(head, static_cast<std::uint32_t>(width), 2);
    put_number(head, static_cast<std::uint32_t>(height), 2);
    put_number(head, 1, 2);
    put_number(head, static_cast<std::uint32_t>(bits), 2);
  } else {
    put_number(head, static_cast<std::uint32_t>(width), 4);
    put_number(head, static_cast<std::uint32_t>(height), 4);
    put_number(head, 1, 2);
    put_number(head, static_cast<std::uint32_t>(bits), 2);
    put_number(head, compression, 4);
    put_number(head, 0, 12);  // size of the pixels, pixels a metre
    put_number(head, colours, 4);
    put_number(head, 0, 4);
    for (const std::uint32_t mask : masks) {
      put_number(head, mask, 4);
    }
    head.resize(std::max<std::size_t>(head.size(), header), '\0');
  }
  for (const std::uint32_t colour : palette) {
    put_number(head, colour, header == 12 ? 3 : 4);
  }
  if (!profile.empty()) {
    std::string place;
    put_number(place, static_cast<std::uint32_t>(head.size() + pixels.size()), 4);
    put_number(place, static_cast<std::uint32_t>(profile.size()), 4);
    head.replace(56, 4, "DEBM").replace(112, 8, place);
  }
  std::string file = "BM";
  put_number(file, 0, 8);
  put_number(file, static_cast<std::uint32_t>(14 + head.size()), 4);
  return file + head + pixels + profile;
}

DecodedPicture read_bmp(const Bitmap& bitmap) { return decode_bmp(bitmap.file(), "p.bmp", {}); }

std::string bmp_error(const Bitmap& bitmap) {
  return error_of([&] { read_bmp(bitmap); });
}

const std::string kBmpRows = std::string("\1\2\3\4\5\6\0\0\7\10\11\12\13\14\0\0", 16);  // BGR, padded

TEST(BmpCodec, ReadsRowsFromEitherEnd) {
  ASSERT_TRUE(is_bmp(Bitmap{.pixels = kBmpRows}.file()));
  for (const std::uint32_t header : {12U, 40U, 52U, 56U, 108U, 124U}) {
    EXPECT_THAT(pixel_values(read_bmp({.header = header, .pixels = kBmpRows}).pixels),
                ElementsAre(9, 8, 7, 12, 11, 10, 3, 2, 1, 6, 5, 4))
        << header;
  }
  EXPECT_THAT(pixel_values(read_bmp({.height = -2, .pixels = kBmpRows}).pixels),
              ElementsAre(3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10));
}

TEST(BmpCodec, ReadsIndicesOfEachSize) {
  const std::vector<std::uint32_t> palette{0x010203, 0x0A0B0C, 0x646566, 0xFFFEFD};
  const std::vector<int> expected{1, 2, 3, 10, 11, 12, 10, 11, 12, 1, 2, 3};
  struct Indices {
    int bits;
    std::string row;
  };
  for (const Indices& each : {Indices{1, std::string("\x60\0\0\0", 4)}, Indices{2, std::string("\x14\0\0\0", 4)},
                              Indices{4, std::string("\x01\x10\0\0", 4)}, Indices{8, std::string("\0\1\1\0", 4)}}) {
    const std::vector<std::uint32_t> used(palette.begin(), palette.begin() + (each.bits == 1 ? 2 : 4));
    for (const std::uint32_t header : {12U, 40U}) {
      const Bitmap bitmap{.header = header,
                          .width = 4,
                          .height = 1,
                          .bits = each.bits,
                          .colours = static_cast<std::uint32_t>(used.size()),
                          .palette = used,
                          .pixels = each.row};
      EXPECT_EQ(pixel_values(read_bmp(bitmap).pixels), expected) << each.bits << " bits, header of " << header;
    }
  }
}

TEST(BmpCodec, APaletteOfGreysGivesOneChannel) {
  const Bitmap bitmap{
      .width = 4, .height = 1, .bits = 8, .colours = 2, .palette = {0x101010, 0xFEFEFE}, .pixels = {"\0\1\1\0", 4}};
  EXPECT_EQ(read_bmp(bitmap).pixels.type(), CV_8UC1);
  EXPECT_THAT(pixel_values(read_bmp(bitmap).pixels), ElementsAre(16, 254, 254, 16));
}

TEST(BmpCodec, AnIndexBeyondThePaletteIsAnError) {
  const Bitmap bitmap{
      .width = 4, .height = 1, .bits = 8, .colours = 2, .palette = {0x10, 0xFE}, .pixels = {"\0\1\2\0", 4}};
  EXPECT_EQ(bmp_error(bitmap), "p.bmp: damaged BMP file: a pixel has colour 2 of a palette of 2");
}

TEST(BmpCodec, ReadsFieldsOfBits) {
  const std::string two_words("\x1F\x7C\xE0\x83", 4);
  EXPECT_THAT(pixel_values(read_bmp({.height = 1, .bits = 16, .pixels = two_words}).pixels),
              ElementsAre(255, 0, 255, 0, 255, 0));
  const Bitmap five_six{
      .height = 1, .bits = 16, .compression = 3, .masks = {0xF800, 0x07E0, 0x001F}, .pixels = two_words};
  EXPECT_THAT(pixel_values(read_bmp(five_six).pixels), ElementsAre(123, 130, 255, 132, 125, 0));
  Bitmap wide{.width = 1, .height = 1, .bits = 32, .compression = 3, .masks = {0x3FF00000, 0xFFC00, 0x3FF}};
  put_number(wide.pixels, 0x3FF00000 | 512 << 10, 4);
  EXPECT_EQ(read_bmp(wide).pixels.type(), CV_16UC3);
  EXPECT_THAT(pixel_values(read_bmp(wide).pixels), ElementsAre(65535, 32800, 0));
  for (const std::vector<std::uint32_t>& masks :
       std::vector<std::vector<std::uint32_t>>{{0xF0F, 0xF0, 0xF000}, {0xFF, 0xFF, 0xFF00}, {0, 0xFF, 0xFF00}}) {
    EXPECT_THAT(bmp_error({.height = 1, .bits = 32, .compression = 3, .masks = masks, .pixels = kBmpRows}),
                HasSubstr("masks"));
  }
}

TEST(BmpCodec, HasAlphaOnlyWhereAMaskSaysSo) {
  const std::string pixels("\1\2\3\4\5\6\7\10", 8);
  EXPECT_THAT(pixel_values(read_bmp({.height = 1, .bits = 32, .pixels = pixels}).pixels),
              ElementsAre(3, 2, 1, 7, 6, 5));
  const std::vector<std::uint32_t> masks{0xFF0000, 0xFF00, 0xFF, 0xFF000000};
  for (const std::uint32_t header : {56U, 108U, 124U}) {
    const Bitmap bitmap{.header = header, .height = 1, .bits = 32, .compression = 3, .masks = masks, .pixels = pixels};
    EXPECT_THAT(pixel_values(read_bmp(bitmap).pixels), ElementsAre(3, 2, 1, 4, 7, 6, 5, 8)) << header;
  }
  EXPECT_EQ(read_bmp({.height = 1, .bits = 32, .compression = 6, .masks = masks, .pixels = pixels}).pixels.type(),
            CV_8UC4);
}

TEST(BmpCodec, AnAlphaChannelThatIsZeroEverywhereIsLeftOut) {
  const std::string empty("\1\2\3\0\5\6\7\0", 8);
  const std::string seen("\1\2\3\0\5\6\7\1", 8);
  const std::vector<std::uint32_t> masks{0xFF0000, 0xFF00, 0xFF, 0xFF000000};
  for (const std::uint32_t header : {56U, 108U, 124U}) {
    Bitmap bitmap{.header = header, .height = 1, .bits = 32, .compression = 3, .masks = masks, .pixels = empty};
    EXPECT_THAT(pixel_values(read_bmp(bitmap).pixels), ElementsAre(3, 2, 1, 7, 6, 5)) << header;
    EXPECT_THAT(read_bmp(bitmap).remarks, ElementsAre("an empty alpha channel left out"));
    bitmap.pixels = seen;
    EXPECT_THAT(pixel_values(read_bmp(bitmap).pixels), ElementsAre(3, 2, 1, 0, 7, 6, 5, 1)) << header;
    EXPECT_THAT(read_bmp(bitmap).remarks, IsEmpty());
  }
  const Bitmap narrow{.header = 56,
                      .height = 1,
                      .bits = 16,
                      .compression = 3,
                      .masks = {0x7C00, 0x03E0, 0x001F, 0x8000},
                      .pixels = std::string("\x1F\x7C\xE0\3", 4)};
  EXPECT_THAT(pixel_values(read_bmp(narrow).pixels), ElementsAre(255, 0, 255, 0, 255, 0));
}

Bitmap bmp_runs(int bits, const std::string& codes) {
  return {.width = 4,
          .height = 2,
          .bits = bits,
          .compression = bits == 8 ? 1U : 2U,
          .colours = 4,
          .palette = {0, 0x010101, 0x020202, 0x030303},
          .pixels = codes};
}

TEST(BmpCodec, ReadsRunLengths) {
  // A run, a line end, single pixels with padding, the end.
  const std::string eight("\4\1\0\0\0\3\1\2\3\0\1\2\0\1", 14);
  EXPECT_THAT(pixel_values(read_bmp(bmp_runs(8, eight)).pixels), ElementsAre(1, 2, 3, 2, 1, 1, 1, 1));
  EXPECT_THAT(read_bmp(bmp_runs(8, eight)).remarks, IsEmpty());
  const std::string four("\4\x12\0\0\0\4\x12\x31\0\1", 10);
  EXPECT_THAT(pixel_values(read_bmp(bmp_runs(4, four)).pixels), ElementsAre(1, 2, 3, 1, 1, 2, 1, 2));
  EXPECT_THAT(pixel_values(read_bmp(bmp_runs(8, eight.substr(0, 12))).pixels), ElementsAre(1, 2, 3, 2, 1, 1, 1, 1));
  // A jump by one pixel and one row.
  const DecodedPicture jumped = read_bmp(bmp_runs(8, std::string("\1\2\0\2\1\1\2\3\0\1", 10)));
  EXPECT_THAT(pixel_values(jumped.pixels), ElementsAre(0, 0, 3, 3, 2, 0, 0, 0));
  EXPECT_THAT(jumped.remarks, ElementsAre(HasSubstr("passes over")));
  EXPECT_THAT(bmp_error(bmp_runs(8, std::string("\5\1\0\1", 4))), HasSubstr("beyond the picture"));
  EXPECT_THAT(bmp_error(bmp_runs(8, std::string("\0\2\0\11\1\1", 6))), HasSubstr("beyond the picture"));
  EXPECT_THAT(bmp_error(bmp_runs(8, std::string("\4\1\0\0", 4))), HasSubstr("ends early"));
}

TEST(BmpCodec, KeepsAnEmbeddedProfile) {
  const std::string profile(200, 'p');
  EXPECT_EQ(read_bmp({.header = 124, .pixels = kBmpRows, .profile = profile}).profile, profile);
  std::string file = Bitmap{.header = 124, .pixels = kBmpRows, .profile = profile}.file();
  file.pop_back();
  EXPECT_THAT(error_of([&] { decode_bmp(file, "p.bmp", {}); }), HasSubstr("ends early"));
  EXPECT_EQ(read_bmp({.header = 124, .pixels = kBmpRows}).profile, "");
}

TEST(BmpCodec, NamesWhatIsWrong) {
  EXPECT_EQ(bmp_error({.compression = 4}), "p.bmp: is a BMP file with JPEG inside; convert it to RGB");
  EXPECT_EQ(bmp_error({.compression = 5}), "p.bmp: is a BMP file with PNG inside; convert it to RGB");
  EXPECT_THAT(bmp_error({.header = 64, .pixels = kBmpRows}), HasSubstr("header of 64 bytes"));
  EXPECT_THAT(bmp_error({.width = 0}), HasSubstr("0x2 pixels"));
  EXPECT_THAT(bmp_error({.width = -2}), HasSubstr("-2x2 pixels"));
  EXPECT_THAT(bmp_error({.height = INT32_MIN}), HasSubstr("pixels"));
  EXPECT_THAT(bmp_error({.bits = 7}), HasSubstr("7 bits a pixel"));
  EXPECT_THAT(bmp_error({.bits = 4, .compression = 1}), HasSubstr("4 bits a pixel with compression 1"));
  EXPECT_THAT(bmp_error({.height = -2, .bits = 8, .compression = 1}), HasSubstr("from the top down"));
  EXPECT_THAT(bmp_error({.width = 100000, .height = 100000, .pixels = kBmpRows}), HasSubstr("p.bmp: "));
  EXPECT_THAT(bmp_error({.height = 3, .pixels = kBmpRows}), HasSubstr("ends early"));
  std::string inside = Bitmap{.pixels = kBmpRows}.file();
  inside[10] = 20;
  EXPECT_THAT(error_of([&] { decode_bmp(inside, "p.bmp", {}); }), HasSubstr("inside its header"));
  inside[11] = 100;
  EXPECT_THAT(error_of([&] { decode_bmp(inside, "p.bmp", {}); }), HasSubstr("ends early"));
}

TEST(BmpCodec, ACutFileIsAnErrorOrWhole) {
  const std::vector<std::uint32_t> masks{0xFF0000, 0xFF00, 0xFF, 0xFF000000};
  for (const Bitmap& bitmap :
       {Bitmap{.pixels = kBmpRows}, bmp_runs(8, std::string("\4\1\0\0\0\3\1\2\3\0\1\2\0\1", 14)),
        bmp_runs(4, std::string("\4\x12\0\0\0\4\x12\x31\0\1", 10)),
        Bitmap{
            .header = 124, .bits = 32, .compression = 3, .masks = masks, .pixels = kBmpRows, .profile = "profile"}}) {
    EXPECT_GT(expect_cuts_are_seen(bitmap.file(), decode_bmp), 50);
    expect_changes_are_survived(bitmap.file(), decode_bmp, 2000);
  }
}

}  // namespace
}  // namespace samsr
