#pragma once
// Texts of any bytes but zero, such as paths: one after another in a file, and in messages.

#include <string>
#include <string_view>
#include <vector>

namespace samsr {

/// Each field followed by a zero byte.
std::string join_fields(const std::vector<std::string>& fields);

/// The fields again; what follows the last zero byte, of a file that was cut, is left out.
std::vector<std::string> split_fields(std::string_view text);

/// For a line of a message: line feeds and other control characters become '?'.
std::string one_line(std::string text);

}  // namespace samsr
