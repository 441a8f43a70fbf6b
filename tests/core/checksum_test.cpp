#include "core/checksum.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "core/atomic_file.h"
#include "core/error.h"
#include "support/temporary_folder.h"

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

TEST(FileChecksum, IsThatOfTheBytes) {
  const std::string bytes(3'000'000, 'x');
  const testing::TemporaryFolder folder;
  const std::filesystem::path path = folder / "bytes";
  write_file_atomically(path, bytes);
  EXPECT_EQ(file_crc32c(path), crc32c(bytes.data(), bytes.size()));
  std::filesystem::remove(path);
  EXPECT_THROW(file_crc32c(path), UserError);
  EXPECT_THROW(file_crc32c(folder.path()), UserError);
}

}  // namespace
}  // namespace samsr
