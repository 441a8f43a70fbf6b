#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace samsr {

/// CRC-32C as TFRecord files keep it: turned by 15 bits, plus a constant, because a checksum taken over data that
/// holds checksums of its own is weak.
std::uint32_t masked_crc32c(std::string_view bytes);

/// One record of a TFRecord file: length (u64), its masked CRC (u32), the bytes, their masked CRC (u32); little endian.
std::string tf_record(std::string_view bytes);

}  // namespace samsr
