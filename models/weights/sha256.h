#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace samsr {

/// SHA-256 in hexadecimal digits.
std::string sha256_of(std::string_view bytes);

/// That of a file, as the pages that offer weights publish it. UserError when the file cannot be read.
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace samsr
