#pragma once

#include <filesystem>
#include <string>

namespace samsr {

/// SHA-256 of a file in hexadecimal digits, as the pages that offer weights publish it. UserError when the file
/// cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace samsr
