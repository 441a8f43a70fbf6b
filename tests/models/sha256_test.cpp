#include "models/weights/sha256.h"

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"
#include "support/files.h"
#include "support/temporary_folder.h"

namespace samsr {
namespace {

/// That of a file and of the bytes in memory, which are one.
std::string digest_of(const std::string& bytes) {
  const testing::TemporaryFolder folder;
  testing::write_text(folder / "bytes", bytes);
  const std::string hash = sha256_of_file(folder / "bytes");
  EXPECT_EQ(sha256_of(bytes), hash);
  return hash;
}

// Examples of FIPS 180-2, appendix B, and of the empty message.
TEST(Sha256, IsThatOfTheStandard) {
  EXPECT_EQ(digest_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(digest_of(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, HasNoBlockLeftOut) {
  EXPECT_EQ(digest_of(std::string(2 << 20, 'x')), "6932fd31e5daf4739b9fa78ff777b2831b0995cc1d0b0093cac80601902013bc");
  EXPECT_THROW(sha256_of_file("/nowhere"), UserError);
}

}  // namespace
}  // namespace samsr
