#pragma once

#include <cstdint>
#include <filesystem>

namespace samsr {

/// CRC-32C of a file's content, read in pieces. UserError with the reason when it cannot be read.
std::uint32_t file_crc32c(const std::filesystem::path& path);

}  // namespace samsr
