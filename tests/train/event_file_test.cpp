#include "train/report/tensorboard/event_file.h"

#include <gtest/gtest.h>

#include <cstring>

#include "core/atomic_file.h"
#include "support/temporary_folder.h"
#include "train/report/tensorboard/record.h"

namespace samsr {
namespace {

class EventFileTest : public ::testing::Test {
 protected:
  const testing::TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_ / "tensorboard";  // not there yet
};

template <class Integer>
Integer number_at(const std::string& bytes, std::size_t offset) {
  Integer value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// The records of a TFRecord file, each of whose checksums is looked at.
std::vector<std::string> records(const std::string& file) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < file.size();) {
    const auto length = number_at<std::uint64_t>(file, at);
    EXPECT_EQ(number_at<std::uint32_t>(file, at + 8), masked_crc32c(file.substr(at, 8)));
    found.push_back(file.substr(at + 12, length));
    EXPECT_EQ(number_at<std::uint32_t>(file, at + 12 + length), masked_crc32c(found.back()));
    at += 16 + length;
  }
  return found;
}

// CRC-32C of "123456789" is 0xe3069283 (RFC 3720); turned right by 15 bits, plus 0xa282ead8.
TEST(TFRecord, MasksItsChecksums) { EXPECT_EQ(masked_crc32c("123456789"), 0xc78ab0e5U); }

TEST(TFRecord, FramesLengthChecksumBytesChecksum) {
  const std::string record = tf_record("123456789");
  ASSERT_EQ(record.size(), 8 + 4 + 9 + 4U);
  EXPECT_EQ(number_at<std::uint64_t>(record, 0), 9U);
  EXPECT_EQ(record.substr(12, 9), "123456789");
  EXPECT_EQ(number_at<std::uint32_t>(record, 21), 0xc78ab0e5U);
}

TEST_F(EventFileTest, BeginsWithItsVersionAndTheStepItContinuesAfter) {
  EventFile file(folder_, 7);
  file.scalars(8, {{"loss", 0.5}});
  const auto found = records(read_file(file.path()));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_NE(found[0].find("brain.Event:2"), std::string::npos);
  // step = 8 (field 2), session_log (field 7) { status = START }
  EXPECT_NE(found[1].find(std::string("\x10\x08\x3a\x02\x08\x01")), std::string::npos);
  EXPECT_NE(found[2].find("loss"), std::string::npos);
}

TEST_F(EventFileTest, ALaterFileHasALaterName) {
  const EventFile first(folder_, 0);
  const EventFile second(folder_, 3);
  EXPECT_LT(first.path().filename(), second.path().filename());
}

}  // namespace
}  // namespace samsr
