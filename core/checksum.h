#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace samsr {

/// CRC-32C (Castagnoli) of `size` bytes, as iSCSI, ext4 and Google's crc32c compute it. `crc` continues
/// an earlier call: crc32c(ab) == crc32c(b, crc32c(a)).
std::uint32_t crc32c(const void* bytes, std::size_t size, std::uint32_t crc = 0);

/// CRC-32C of a file's content, read in pieces. UserError with the reason when it cannot be read.
std::uint32_t file_crc32c(const std::filesystem::path& path);

}  // namespace samsr
