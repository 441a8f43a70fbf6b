#pragma once

#include <string>
#include <string_view>

namespace samsr {

/// Text made safe inside HTML, in attributes too.
std::string escape_html(std::string_view text);

/// Bytes as base64 (RFC 4648, padded).
std::string base64(std::string_view bytes);

}  // namespace samsr
