#pragma once

#include <cstddef>
#include <cstdint>

namespace samsr {

/// CRC-32C (Castagnoli) of `size` bytes, as iSCSI, ext4 and Google's crc32c compute it. `crc` continues
/// an earlier call: crc32c(ab) == crc32c(b, crc32c(a)).
std::uint32_t crc32c(const void* bytes, std::size_t size, std::uint32_t crc = 0);

}  // namespace samsr
