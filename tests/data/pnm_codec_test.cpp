#include "data/images/pnm_codec.h"

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

DecodedPicture read_pnm(const std::string& file) { return decode_pnm(file, "p.pnm", {}); }

std::string pnm_error(const std::string& file) {
  return error_of([&] { read_pnm(file); });
}

TEST(PnmCodec, ReadsBitmaps) {
  for (const std::string& file : {std::string("P1\n3 2\n101\n0 1 0\n"), std::string("P4\n3 2\n\xA0\x40", 9)}) {
    ASSERT_TRUE(is_pnm(file));
    const DecodedPicture picture = read_pnm(file);
    EXPECT_EQ(picture.pixels.type(), CV_8UC1);
    EXPECT_THAT(pixel_values(picture.pixels), ElementsAre(0, 255, 0, 255, 0, 255));
  }
}

TEST(PnmCodec, ScalesFromAnyLargestValue) {
  EXPECT_THAT(pixel_values(read_pnm("P2 3 1 100 0 50 100\n").pixels), ElementsAre(0, 128, 255));
  EXPECT_THAT(pixel_values(read_pnm("P2 4 1 3 0 1 2 3\n").pixels), ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(pixel_values(read_pnm(std::string("P5 2 1 1 \0\1", 11)).pixels), ElementsAre(0, 255));
  for (int most : {1, 2, 7, 100, 127, 254, 255, 256, 1000, 1023, 4095, 40000, 65535}) {
    const int full = most > 255 ? 65535 : 255;
    std::string plain = fmt::format("P2\n{} 1\n{}\n", most + 1, most);
    std::string raw = fmt::format("P5\n{} 1\n{}\n", most + 1, most);
    std::vector<int> expected;
    for (int value = 0; value <= most; ++value) {
      plain += fmt::format("{}\n", value);
      raw += most > 255 ? std::string{static_cast<char>(value >> 8), static_cast<char>(value)}
                        : std::string(1, static_cast<char>(value));
      expected.push_back(static_cast<int>((2LL * value * full + most) / (2LL * most)));
    }
    EXPECT_EQ(read_pnm(plain).pixels.depth(), most > 255 ? CV_16U : CV_8U);
    EXPECT_EQ(pixel_values(read_pnm(plain).pixels), expected) << most;
    EXPECT_EQ(pixel_values(read_pnm(raw).pixels), expected) << most;
  }
}

TEST(PnmCodec, ReadsColoursInTheirOrder) {
  EXPECT_THAT(pixel_values(read_pnm("P6 2 1 255\nabcxyz").pixels), ElementsAre('a', 'b', 'c', 'x', 'y', 'z'));
  EXPECT_THAT(pixel_values(read_pnm(std::string("P6 1 1 65535\n\1\2\3\4\5\6", 19)).pixels),
              ElementsAre(0x0102, 0x0304, 0x0506));
  EXPECT_THAT(pixel_values(read_pnm("P3\n1 1\n255\n1 2 3\n").pixels), ElementsAre(1, 2, 3));
}

TEST(PnmCodec, PassesOverCommentsAndAnyWhiteSpace) {
  for (const char* header : {"P5 2 1 255\n", "P5\r\n2\t1\v255\f", "P5\n# made by a camera\n2 1\n255\n",
                             "P5#a\n2#b\n1 # c\r255\n", "P5\n2 1 255# the line end ends the header\n"}) {
    EXPECT_THAT(pixel_values(read_pnm(std::string(header) + "#\n").pixels), ElementsAre('#', '\n')) << header;
  }
  EXPECT_THAT(pixel_values(read_pnm("P2\n2 1\n9 # most\n0 # black\n 9").pixels), ElementsAre(0, 255));
}

TEST(PnmCodec, ReadsArbitraryMaps) {
  const auto pam = [](int depth, int most, const std::string& type, const std::string& pixels) {
    return fmt::format("P7\n# by hand\nWIDTH 2\nHEIGHT 1\nDEPTH {}\nMAXVAL {}\n{}ENDHDR\n", depth, most,
                       type.empty() ? "" : "TUPLTYPE " + type + "\n") +
           pixels;
  };
  EXPECT_THAT(pixel_values(read_pnm(pam(1, 1, "BLACKANDWHITE", std::string("\0\1", 2))).pixels), ElementsAre(0, 255));
  EXPECT_THAT(pixel_values(read_pnm(pam(1, 255, "GRAYSCALE", "ab")).pixels), ElementsAre('a', 'b'));
  EXPECT_EQ(read_pnm(pam(2, 255, "GRAYSCALE_ALPHA", "abcd")).pixels.type(), CV_8UC2);
  EXPECT_EQ(read_pnm(pam(3, 255, "RGB", "abcdef")).pixels.type(), CV_8UC3);
  EXPECT_EQ(read_pnm(pam(4, 65535, "RGB_ALPHA", "aabbccddeeffgghh")).pixels.type(), CV_16UC4);
  EXPECT_EQ(read_pnm(pam(4, 255, "", "abcdefgh")).pixels.type(), CV_8UC4);
  const DecodedPicture more = read_pnm(pam(4, 255, "RGB", "abc1def2"));
  EXPECT_THAT(pixel_values(more.pixels), ElementsAre('a', 'b', 'c', 'd', 'e', 'f'));
  EXPECT_THAT(more.remarks, ElementsAre("1 extra channels left out"));
  EXPECT_THAT(pnm_error(pam(2, 255, "RGB", "abcd")), HasSubstr("too few for RGB"));
  EXPECT_THAT(pnm_error(pam(3, 255, "HSV", "abcdef")), HasSubstr("type HSV"));
  EXPECT_THAT(pnm_error(pam(7, 255, "", "abcdefghijklmn")), HasSubstr("7 values a pixel"));
  EXPECT_THAT(pnm_error("P7\nWIDTH 2\nHEIGHT x\nENDHDR\n"), HasSubstr("HEIGHT in its header"));
  EXPECT_THAT(pnm_error("P7\nWIDTH 2\nCOLOR 3\nENDHDR\n"), HasSubstr("unknown line COLOR"));
  EXPECT_THAT(pnm_error("P7\nWIDTH 2\nHEIGHT 2\nDEPTH 1\nENDHDR\nabcd"), HasSubstr("maxval"));
}

TEST(PnmCodec, SaysThatFurtherPicturesFollow) {
  const std::string one = "P5 2 1 255\nab";
  EXPECT_THAT(read_pnm(one).remarks, IsEmpty());
  EXPECT_THAT(read_pnm(one + "P6 1 1 255\nabc" + one).remarks, ElementsAre("first of 3 pictures"));
  EXPECT_THAT(read_pnm(one + "\n" + one).remarks, ElementsAre("first of 2 pictures"));
  EXPECT_THAT(read_pnm(one + "trailing bytes").remarks, IsEmpty());
}

TEST(PnmCodec, NamesWhatIsWrong) {
  EXPECT_THAT(pnm_error("Pf\n2 1\n-1.0\n12345678"), HasSubstr("floating point (PFM)"));
  EXPECT_THAT(pnm_error("PF\n2 1\n-1.0\n12345678"), HasSubstr("floating point (PFM)"));
  EXPECT_THAT(pnm_error("P5 2 1 100\nzz"), HasSubstr("a value of 122 is above its largest (maxval), 100"));
  EXPECT_THAT(pnm_error("P3 1 1 255\n1 2 256\n"), HasSubstr("above its largest"));
  EXPECT_THAT(pnm_error("P5 2 1 65536\nabcd"), HasSubstr("65536, expected 1 to 65535"));
  EXPECT_THAT(pnm_error("P5 2 1 0\nab"), HasSubstr("expected 1 to 65535"));
  EXPECT_THAT(pnm_error("P5 0 1 255\n"), HasSubstr("ends early"));
  EXPECT_THAT(pnm_error("P5 0 1 255\n "), HasSubstr("no pixels"));
  EXPECT_THAT(pnm_error("P5 -2 1 255\nab"), HasSubstr("a number is expected"));
  EXPECT_THAT(pnm_error("P5 99999999999 1 255\nab"), HasSubstr("too large"));
  EXPECT_THAT(pnm_error("P2 2 1 255\n12 q\n"), HasSubstr("a number is expected"));
  EXPECT_THAT(pnm_error("P1 2 1\n12\n"), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(pnm_error("P3 1 1 255\n1 2 3"), HasSubstr("may be cut"));
  EXPECT_THAT(pnm_error("P6 3000000 1000 255\nabc"), HasSubstr("p.pnm: "));
}

TEST(PnmCodec, ACutFileIsAnErrorOrWhole) {
  for (const std::string& file :
       {std::string("P1\n3 2\n101\n0 1 0\n"), std::string("P2\n2 2\n255\n17 128 255 3\n"),
        std::string("P3 1 1 65535\n60000 5 6\n"), std::string("P4\n9 2\n\xA0\0\x40\0", 12),
        std::string("P5 2 2 255\nabcd"), std::string("P6 1 2 65535\nabcdefghijkl"),
        std::string("P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\nabcdefgh")}) {
    EXPECT_GT(expect_cuts_are_seen(file, decode_pnm), 5) << file;
    expect_changes_are_survived(file, decode_pnm, 1000);
  }
}

}  // namespace
}  // namespace samsr
