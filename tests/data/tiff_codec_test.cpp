#include "data/images/tiff_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "data/damaged_files.h"
#include "data/tiff_fixtures.h"
#include "support/user_error.h"

namespace samsr {
namespace {
using ::testing::ElementsAre;
using testing::error_of;
using testing::expect_changes_are_survived;
using testing::expect_cuts_are_seen;
using testing::handmade_data_offset;
using testing::handmade_tiff;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::pixel_values;
using testing::random_page;
using testing::same_pixels;
using testing::tiff_file;
using testing::TiffPage;

DecodedPicture read_tiff(const std::string& file) { return decode_tiff(file, "p.tif", {}); }

std::string tiff_error(const std::string& file) {
  return error_of([&] { read_tiff(file); });
}

/// What a page of grey, RGB or CMYK shows, by the formulas of the TIFF specification.
std::vector<int> expected_values(const TiffPage& page) {
  const std::int64_t most = (1 << page.bits) - 1;
  const std::int64_t full = page.bits > 8 ? 65535 : 255;
  const std::size_t colours = page.photometric == PHOTOMETRIC_RGB         ? 3
                              : page.photometric == PHOTOMETRIC_SEPARATED ? 4
                                                                          : 1;
  std::vector<int> values;
  for (std::size_t at = 0; at < page.samples.size(); at += static_cast<std::size_t>(page.samples_a_pixel)) {
    std::vector<std::int64_t> pixel;
    for (std::size_t c = 0; c < static_cast<std::size_t>(page.samples_a_pixel); ++c) {
      pixel.push_back((page.samples[at + c] * full + most / 2) / most);
    }
    if (!page.extra.empty() && page.extra[0] == EXTRASAMPLE_ASSOCALPHA) {
      const std::int64_t alpha = pixel[colours];
      for (std::size_t c = 0; c < colours; ++c) {
        pixel[c] = alpha == 0 ? 0 : std::min(full, (pixel[c] * full + alpha / 2) / alpha);
      }
    }
    if (page.photometric == PHOTOMETRIC_MINISWHITE) {
      pixel[0] = full - pixel[0];
    }
    if (colours == 4) {
      for (std::size_t c = 0; c < 3; ++c) {
        pixel[c] = ((full - pixel[c]) * (full - pixel[3]) + full / 2) / full;
      }
      pixel.erase(pixel.begin() + 3);
    }
    values.insert(values.end(), pixel.begin(), pixel.end());
  }
  return values;
}

TEST(TiffCodec, ReadsEveryArrangement) {
  const std::vector<std::string> modes{"wl", "wb", "wl8", "wb8"};
  const std::vector<int> compressions{COMPRESSION_NONE,     COMPRESSION_LZW,  COMPRESSION_ADOBE_DEFLATE,
                                      COMPRESSION_PACKBITS, COMPRESSION_ZSTD, COMPRESSION_LZMA};
  std::size_t count = 0;
  for (const int photometric :
       {PHOTOMETRIC_MINISWHITE, PHOTOMETRIC_MINISBLACK, PHOTOMETRIC_RGB, PHOTOMETRIC_SEPARATED}) {
    for (const int bits : {1, 2, 3, 4, 7, 8, 10, 12, 14, 16}) {
      for (const int extra : {-1, EXTRASAMPLE_ASSOCALPHA, EXTRASAMPLE_UNASSALPHA}) {
        for (const bool planar : {false, true}) {
          for (const bool tiled : {false, true}) {
            const int colours = photometric == PHOTOMETRIC_RGB ? 3 : photometric == PHOTOMETRIC_SEPARATED ? 4 : 1;
            TiffPage page = random_page(21, 18, colours + (extra < 0 ? 0 : 1), bits);
            page.photometric = photometric;
            page.planar = planar;
            page.tile = tiled ? 16 : 0;
            page.compression = compressions[count % compressions.size()];
            page.fill_order = count % 5 == 0 ? FILLORDER_LSB2MSB : FILLORDER_MSB2LSB;
            const bool packed = page.compression != COMPRESSION_NONE && page.compression != COMPRESSION_PACKBITS;
            page.predictor = packed && bits % 8 == 0 && count % 2 == 0 ? PREDICTOR_HORIZONTAL : PREDICTOR_NONE;
            if (extra >= 0) {
              page.extra = {static_cast<std::uint16_t>(extra)};
            }
            const std::string& mode = modes[count++ / 2 % modes.size()];
            const std::string file = tiff_file({page}, mode);
            ASSERT_TRUE(is_tiff(file));
            EXPECT_EQ(pixel_values(read_tiff(file).pixels), expected_values(page))
                << "photometric " << photometric << ", " << bits << " bits, extra " << extra
                << (planar ? ", planar" : "") << (tiled ? ", tiled" : "") << ", compression " << page.compression
                << ", mode " << mode;
          }
        }
      }
    }
  }
}

TEST(TiffCodec, ReadsPalettes) {
  for (const int bits : {1, 2, 4, 8}) {
    TiffPage page = random_page(13, 9, 1, bits);
    page.photometric = PHOTOMETRIC_PALETTE;
    const std::size_t colours = std::size_t{1} << bits;
    for (std::size_t i = 0; i < 3 * colours; ++i) {
      page.palette.push_back(static_cast<std::uint16_t>(257 * ((i * 37 + 200) % 256)));
    }
    std::vector<int> expected;
    for (const std::uint16_t sample : page.samples) {
      for (std::size_t c = 0; c < 3; ++c) {
        expected.push_back(page.palette[c * colours + sample] / 257);
      }
    }
    EXPECT_EQ(pixel_values(read_tiff(tiff_file({page})).pixels), expected) << bits << " bits";
    for (std::uint16_t& value : page.palette) {
      value /= 257;  // as some writers do
    }
    EXPECT_EQ(pixel_values(read_tiff(tiff_file({page})).pixels), expected) << bits << " bits, 8-bit palette";
  }
}

/// 4 × 4 pixels of YCbCr in units of across × down.
std::string ycbcr_file(std::uint16_t across, std::uint16_t down, const std::string& units) {
  const std::uint32_t at = handmade_data_offset(10);
  return handmade_tiff({{256, 4, 1, 4},
                        {257, 4, 1, 4},
                        {258, 3, 1, 8},
                        {259, 3, 1, 1},
                        {262, 3, 1, PHOTOMETRIC_YCBCR},
                        {273, 4, 1, at},
                        {277, 3, 1, 3},
                        {278, 4, 1, 4},
                        {279, 4, 1, static_cast<std::uint32_t>(units.size())},
                        {530, 3, 2, across | static_cast<std::uint32_t>(down) << 16}},
                       units);
}

TEST(TiffCodec, ReadsColourDifferencesThatPixelsShare) {
  for (const int across : {1, 2, 4}) {
    for (const int down : {1, 2, 4}) {
      std::string units;
      cv::Mat expected(4, 4, CV_8UC3);
      for (int y = 0; y < 4; y += down) {
        for (int x = 0; x < 4; x += across) {
          for (int i = 0; i < across * down; ++i) {
            units += static_cast<char>(60 + (y + i / across) * 8 + (x + i % across) * 2);
          }
          const int cb = 100 + 5 * x;
          const int cr = 150 - 7 * y;
          units += {static_cast<char>(cb), static_cast<char>(cr)};
          for (int i = 0; i < across * down; ++i) {
            const double luma = 60 + (y + i / across) * 8 + (x + i % across) * 2;
            const double red = luma + 1.402 * (cr - 128);
            const double blue = luma + 1.772 * (cb - 128);
            const double green = (luma - 0.299 * red - 0.114 * blue) / 0.587;
            expected.at<cv::Vec3b>(y + i / across, x + i % across) = cv::Vec3d(red, green, blue);
          }
        }
      }
      const DecodedPicture picture =
          read_tiff(ycbcr_file(static_cast<std::uint16_t>(across), static_cast<std::uint16_t>(down), units));
      ASSERT_EQ(picture.pixels.type(), CV_8UC3);
      EXPECT_LE(cv::norm(picture.pixels, expected, cv::NORM_INF), 1) << across << "x" << down;
    }
  }
}

TEST(TiffCodec, ReadsJpegAndFax) {
  TiffPage page = random_page(64, 48, 3, 8);
  for (std::size_t i = 0; i < page.samples.size(); ++i) {
    page.samples[i] = static_cast<std::uint16_t>(40 + i / 3 % 64 * 2 + i % 3 * 20);
  }
  page.rows_a_strip = 16;
  page.compression = COMPRESSION_JPEG;
  cv::Mat expected(48, 64, CV_16UC3, page.samples.data());
  expected.convertTo(expected, CV_8U);
  for (const int photometric : {PHOTOMETRIC_RGB, PHOTOMETRIC_YCBCR}) {
    page.photometric = photometric;
    EXPECT_LE(cv::norm(read_tiff(tiff_file({page})).pixels, expected, cv::NORM_INF), 16) << photometric;
  }
  TiffPage fax = random_page(37, 20, 1, 1);
  fax.photometric = PHOTOMETRIC_MINISWHITE;
  for (const int compression : {COMPRESSION_CCITTRLE, COMPRESSION_CCITTFAX3, COMPRESSION_CCITTFAX4}) {
    for (const int order : {FILLORDER_MSB2LSB, FILLORDER_LSB2MSB}) {
      fax.compression = compression;
      fax.fill_order = order;
      EXPECT_EQ(pixel_values(read_tiff(tiff_file({fax})).pixels), expected_values(fax)) << compression;
    }
  }
}

TEST(TiffCodec, SaysWhatBecameOfExtraChannels) {
  TiffPage page = random_page(7, 6, 4, 8);
  const DecodedPicture unsaid = read_tiff(tiff_file({page}));
  EXPECT_EQ(pixel_values(unsaid.pixels), expected_values(page));
  EXPECT_THAT(unsaid.remarks, ElementsAre(HasSubstr("taken for alpha")));
  for (std::size_t i = 3; i < page.samples.size(); i += 4) {
    page.samples[i] = 0;
  }
  const DecodedPicture empty = read_tiff(tiff_file({page}));
  EXPECT_EQ(empty.pixels.type(), CV_8UC3);
  EXPECT_THAT(empty.remarks, ElementsAre("an empty extra channel left out"));
  TiffPage many = random_page(7, 6, 6, 16);
  many.extra = {EXTRASAMPLE_UNSPECIFIED, EXTRASAMPLE_UNASSALPHA, EXTRASAMPLE_UNSPECIFIED};
  const DecodedPicture chosen = read_tiff(tiff_file({many}));
  ASSERT_EQ(chosen.pixels.type(), CV_16UC4);
  EXPECT_EQ(chosen.pixels.at<cv::Vec4w>(0, 1),
            cv::Vec4w(many.samples[6], many.samples[7], many.samples[8], many.samples[10]));
  EXPECT_THAT(chosen.remarks, ElementsAre("2 extra channels left out"));
}

TEST(TiffCodec, KeepsOrientationAndProfile) {
  TiffPage page = random_page(7, 6, 3, 8);
  page.profile = std::string(100, 'p');
  for (int orientation = 1; orientation <= 8; ++orientation) {
    page.orientation = orientation;
    const DecodedPicture picture = read_tiff(tiff_file({page}));
    EXPECT_EQ(picture.orientation, orientation);
    EXPECT_EQ(picture.profile, page.profile);
    EXPECT_EQ(pixel_values(picture.pixels), expected_values(page)) << "pixels as they lie in the file";
  }
  TiffPage inks = random_page(7, 6, 4, 8);
  inks.photometric = PHOTOMETRIC_SEPARATED;
  EXPECT_THAT(read_tiff(tiff_file({inks})).remarks, ElementsAre("CMYK became RGB"));
  inks.profile = page.profile;
  EXPECT_EQ(read_tiff(tiff_file({inks})).profile, "");
  EXPECT_THAT(read_tiff(tiff_file({inks})).remarks, ElementsAre("CMYK became RGB without its colour profile"));
}

TEST(TiffCodec, TakesTheFirstFullPage) {
  TiffPage thumbnail = random_page(3, 2, 3, 8);
  thumbnail.subfile = FILETYPE_REDUCEDIMAGE;
  TiffPage mask = random_page(7, 6, 1, 1);
  mask.photometric = PHOTOMETRIC_MASK;
  mask.subfile = FILETYPE_MASK;
  const TiffPage page = random_page(7, 6, 3, 8);
  const TiffPage other = random_page(9, 9, 1, 8);
  const std::vector<int> expected = expected_values(page);
  const DecodedPicture one = read_tiff(tiff_file({thumbnail, mask, page}));
  EXPECT_EQ(pixel_values(one.pixels), expected);
  EXPECT_THAT(one.remarks, IsEmpty());
  const DecodedPicture two = read_tiff(tiff_file({page, thumbnail, page, page}));
  EXPECT_EQ(pixel_values(two.pixels), expected);
  EXPECT_THAT(two.remarks, ElementsAre("first of 3 pages"));
  EXPECT_THAT(read_tiff(tiff_file({thumbnail})).remarks, ElementsAre("only a thumbnail or a mask"));
}

TEST(TiffCodec, NamesPixelsThatItDoesNotRead) {
  const auto error = [](int bits, int format, int photometric) {
    const std::uint32_t at = handmade_data_offset(10);
    return tiff_error(handmade_tiff({{256, 4, 1, 4},
                                     {257, 4, 1, 4},
                                     {258, 3, 1, static_cast<std::uint32_t>(bits)},
                                     {259, 3, 1, 1},
                                     {262, 3, 1, static_cast<std::uint32_t>(photometric)},
                                     {273, 4, 1, at},
                                     {277, 3, 1, 3},
                                     {278, 4, 1, 4},
                                     {279, 4, 1, 1000},
                                     {339, 3, 1, static_cast<std::uint32_t>(format)}},
                                    std::string(1000, 'a')));
  };
  EXPECT_EQ(error(32, SAMPLEFORMAT_IEEEFP, PHOTOMETRIC_RGB),
            "p.tif: has pixels of 32-bit floating point; convert it to 8 or 16 bits");
  EXPECT_THAT(error(16, SAMPLEFORMAT_IEEEFP, PHOTOMETRIC_RGB), HasSubstr("16-bit floating point"));
  EXPECT_THAT(error(64, SAMPLEFORMAT_IEEEFP, PHOTOMETRIC_RGB), HasSubstr("64-bit floating point"));
  EXPECT_THAT(error(16, SAMPLEFORMAT_INT, PHOTOMETRIC_RGB), HasSubstr("16-bit signed integers"));
  EXPECT_THAT(error(8, SAMPLEFORMAT_INT, PHOTOMETRIC_RGB), HasSubstr("8-bit signed integers"));
  EXPECT_THAT(error(32, SAMPLEFORMAT_UINT, PHOTOMETRIC_RGB), HasSubstr("32-bit integers"));
  EXPECT_THAT(error(24, SAMPLEFORMAT_UINT, PHOTOMETRIC_RGB), HasSubstr("24-bit integers"));
  EXPECT_THAT(error(32, SAMPLEFORMAT_COMPLEXINT, PHOTOMETRIC_RGB), HasSubstr("complex numbers"));
  EXPECT_THAT(error(8, SAMPLEFORMAT_UINT, PHOTOMETRIC_CIELAB), HasSubstr("L*a*b*"));
  EXPECT_THAT(error(8, SAMPLEFORMAT_UINT, PHOTOMETRIC_ICCLAB), HasSubstr("L*a*b*"));
  EXPECT_THAT(error(16, SAMPLEFORMAT_UINT, PHOTOMETRIC_CFA), HasSubstr("raw picture"));
  EXPECT_THAT(error(16, SAMPLEFORMAT_UINT, 34892), HasSubstr("raw picture"));
  EXPECT_THAT(error(16, SAMPLEFORMAT_INT, PHOTOMETRIC_LOGLUV), HasSubstr("high dynamic range"));
  EXPECT_THAT(error(8, SAMPLEFORMAT_UINT, 77), HasSubstr("unknown kind (PhotometricInterpretation 77)"));
}

/// A grey file of one or more strips whose tags and bytes need not fit each other.
std::string grey_file(std::uint32_t width, std::uint32_t height, std::uint32_t rows, std::uint32_t compression,
                      std::uint32_t offset, std::uint32_t bytes) {
  const std::uint32_t at = handmade_data_offset(8);
  return handmade_tiff({{256, 4, 1, width},
                        {257, 4, 1, height},
                        {258, 3, 1, 8},
                        {259, 3, 1, compression},
                        {262, 3, 1, PHOTOMETRIC_MINISBLACK},
                        {273, 4, 1, offset == 1 ? at : offset},
                        {278, 4, 1, rows},
                        {279, 4, 1, bytes}},
                       std::string(64, 'a'));
}

TEST(TiffCodec, SeesMissingAndShortStrips) {
  EXPECT_EQ(read_tiff(grey_file(8, 8, 8, 1, 1, 64)).pixels.size(), cv::Size(8, 8));
  EXPECT_THAT(tiff_error(grey_file(8, 8, 8, 1, 0, 64)), HasSubstr("strip 1 of 1 is missing"));
  EXPECT_THAT(tiff_error(grey_file(8, 8, 8, 5, 1, 0)), HasSubstr("p.tif: "));
  EXPECT_THAT(tiff_error(grey_file(8, 8, 4, 1, 1, 32)), HasSubstr("p.tif: "));
  EXPECT_THAT(tiff_error(grey_file(8, 8, 8, 8, 1, 65)), HasSubstr("ends early"));
  EXPECT_THAT(tiff_error(grey_file(8, 9, 9, 1, 1, 64)), HasSubstr("p.tif: "));
  EXPECT_THAT(tiff_error(grey_file(8, 8, 8, 5, 1, 64)), HasSubstr("damaged TIFF file: the strip at column 0, row 0: "));
  EXPECT_THAT(tiff_error(grey_file(8, 8, 8, 8, 1, 64)), HasSubstr("damaged TIFF file: the strip"));
  EXPECT_THAT(tiff_error(grey_file(8, 8, 8, 34661, 1, 64)), HasSubstr("p.tif: "));
  EXPECT_THAT(tiff_error(grey_file(8, 8, 8, 4711, 1, 64)), HasSubstr("Compression 4711"));
  EXPECT_THAT(tiff_error(std::string("II*\0\x08\0", 6)), HasSubstr("ends early"));
  EXPECT_THAT(tiff_error(std::string("MM\0+\0\x08\0\0", 8)), HasSubstr("ends early"));
}

TEST(TiffCodec, SeesMissingPalettesAndProfiles) {
  const std::uint32_t at = handmade_data_offset(9);
  const auto palette_file = [&](std::uint16_t tag, std::uint32_t offset) {
    return handmade_tiff({{256, 4, 1, 8},
                          {257, 4, 1, 8},
                          {258, 3, 1, 8},
                          {259, 3, 1, 1},
                          {262, 3, 1, PHOTOMETRIC_PALETTE},
                          {273, 4, 1, at},
                          {278, 4, 1, 8},
                          {279, 4, 1, 64},
                          {tag, 3, 768, offset}},
                         std::string(64 + 1536, 'a'));
  };
  EXPECT_EQ(read_tiff(palette_file(320, at + 64)).pixels.type(), CV_8UC3);
  EXPECT_THAT(tiff_error(palette_file(320, at + 65)), HasSubstr("ends early"));
  EXPECT_THAT(tiff_error(palette_file(60000, at + 64)), HasSubstr("its palette is missing"));
  EXPECT_THAT(tiff_error(palette_file(34675, at + 2000)), HasSubstr("ends early"));
}

TEST(TiffCodec, PromisesOfAFewBytesCostNothing) {
  EXPECT_THAT(tiff_error(grey_file(1U << 31, 1U << 31, 1U << 31, 1, 1, 64)), HasSubstr("p.tif: "));
  EXPECT_THAT(tiff_error(grey_file(20000, 20000, 20000, 1, 1, 64)), HasSubstr("p.tif: "));
  EXPECT_THAT(tiff_error(grey_file(1, 4000000000U, 1, 1, 1, 64)), HasSubstr("p.tif: "));
  EXPECT_THAT(tiff_error(grey_file(1, 200000000, 1, 5, 1, 64)), HasSubstr("p.tif: "));
  const std::uint32_t at = handmade_data_offset(9);
  const auto tiled = [&](std::uint32_t side) {
    return handmade_tiff({{256, 4, 1, 8},
                          {257, 4, 1, 8},
                          {258, 3, 1, 8},
                          {259, 3, 1, 8},
                          {262, 3, 1, PHOTOMETRIC_MINISBLACK},
                          {322, 4, 1, side},
                          {323, 4, 1, side},
                          {324, 4, 1, at},
                          {325, 4, 1, 64}},
                         std::string(64, 'a'));
  };
  EXPECT_THAT(error_of([&] { decode_tiff(tiled(100000), "p.tif", {.memory_mb = 100}); }), HasSubstr("p.tif: "));
  EXPECT_THAT(error_of([&] { decode_tiff(tiled(1U << 30), "p.tif", {}); }), HasSubstr("p.tif: "));
}

TEST(TiffCodec, ACutOrChangedFileIsAnErrorOrWhole) {
  std::vector<TiffPage> pages;
  for (const int compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE, COMPRESSION_PACKBITS,
                                COMPRESSION_ZSTD, COMPRESSION_LZMA, COMPRESSION_JPEG}) {
    pages.push_back(random_page(16, 15, 3, 8));
    pages.back().compression = compression;
    pages.back().rows_a_strip = 8;
  }
  pages[0].planar = true;
  pages[1].tile = 16;
  for (const int compression : {COMPRESSION_CCITTFAX3, COMPRESSION_CCITTFAX4}) {
    pages.push_back(random_page(40, 20, 1, 1));
    pages.back().compression = compression;
    pages.back().photometric = PHOTOMETRIC_MINISWHITE;
    pages.back().rows_a_strip = 20;
  }
  for (const TiffPage& page : pages) {
    SCOPED_TRACE(page.compression);
    const std::string file = tiff_file({page}, page.compression == COMPRESSION_LZW ? "wb8" : "wl");
    EXPECT_GT(expect_cuts_are_seen(file, decode_tiff, 200), 100);
    expect_changes_are_survived(file, decode_tiff, 500);
  }
  expect_cuts_are_seen(tiff_file({pages[2], pages[2]}), decode_tiff, 200);
}

// The codes of a fax strip may end while its bytes go on: with an end mark that comes too early.
TEST(TiffCodec, FaxRowsThatAreNotThereAreSeen) {
  TiffPage page = random_page(40, 20, 1, 1);
  page.compression = COMPRESSION_CCITTFAX4;
  page.photometric = PHOTOMETRIC_MINISWHITE;
  page.rows_a_strip = 20;
  page.samples.assign(page.samples.size(), 0);  // white rows take one bit each
  const std::string file = tiff_file({page}, "wl");
  const std::string codes("\xFF\xFF\xF0\x01\x00\x10", 6);
  const std::size_t at = file.find(codes);
  ASSERT_NE(at, std::string::npos);
  std::string early = file;
  early.replace(at, codes.size(), std::string("\xFF\x00\x10\x01\x00\x10", 6));
  EXPECT_EQ(read_tiff(file).pixels.size(), cv::Size(40, 20));
  EXPECT_THAT(tiff_error(early), HasSubstr("damaged TIFF file: the strip"));
}

// libtiff copies each tag as it reads a directory, so that a small file could take any memory.
TEST(TiffCodec, TagsOfMoreBytesThanTheFileAreRefused) {
  const auto file = [](std::uint32_t tags, std::uint32_t count) {
    std::vector<testing::TiffEntry> entries{{256, 4, 1, 4}, {257, 4, 1, 4}, {258, 3, 1, 8},
                                            {259, 3, 1, 1}, {262, 3, 1, 1}, {273, 4, 1, 8},
                                            {277, 3, 1, 1}, {278, 4, 1, 4}, {279, 4, 1, 16}};
    for (std::uint32_t i = 0; i < tags; ++i) {
      entries.push_back({static_cast<std::uint16_t>(40'000 + i), 1, count, 8});
    }
    return handmade_tiff(entries, std::string(std::size_t{1} << 20, 'a'));
  };
  EXPECT_EQ(read_tiff(file(2, 1 << 20)).pixels.size(), cv::Size(4, 4));
  EXPECT_THAT(tiff_error(file(400, 1 << 20)), HasSubstr("p.tif: damaged TIFF file: its tags have more bytes"));
  // Longer than the file, so that libtiff passes over them.
  EXPECT_EQ(read_tiff(file(400, 1 << 30)).pixels.size(), cv::Size(4, 4));
  // In the directory behind the first.
  TiffPage page = random_page(4, 4, 3, 8);
  std::string second = tiff_file({page, page}, "wl");
  const std::string bomb = file(400, 1 << 20);
  const auto number_at = [&](std::size_t at, int bytes) {
    std::size_t value = 0;
    for (int i = bytes - 1; i >= 0; --i) {
      value = value << 8 | static_cast<unsigned char>(second[at + static_cast<std::size_t>(i)]);
    }
    return value;
  };
  const std::size_t directory = number_at(4, 4);
  const std::size_t next = directory + 2 + 12 * number_at(directory, 2);
  const std::size_t place = second.size() + second.size() % 2;
  second.resize(place, '\0');
  for (std::size_t i = 0; i < 4; ++i) {
    second[next + i] = static_cast<char>(place >> 8 * i & 255);
  }
  second += bomb.substr(8);
  EXPECT_THAT(tiff_error(second), HasSubstr("its tags have more bytes"));
}

}  // namespace
}  // namespace samsr
