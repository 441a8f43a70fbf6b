#include "core/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace samsr {
namespace {

TEST(Crc32c, KnownValues) {  // RFC 3720, appendix B.4, and the usual check string
  EXPECT_EQ(crc32c("123456789", 9), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0').data(), 32), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff').data(), 32), 0x62A8AB43U);
}

TEST(Crc32c, ContinuesAcrossPieces) {
  const std::string text = "a photograph is a pure function of its seed";
  EXPECT_EQ(crc32c(text.data() + 10, text.size() - 10, crc32c(text.data(), 10)), crc32c(text.data(), text.size()));
}

}  // namespace
}  // namespace samsr
