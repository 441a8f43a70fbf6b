#pragma once

#include <string>
#include <string_view>

namespace samsr {

/// A text out of a file, fit for one line of a message: control characters and broken UTF-8 become '?', and long
/// texts are cut.
std::string printable(std::string_view text);

/// True for text that is well-formed UTF-8.
bool is_utf8(std::string_view text);

}  // namespace samsr
