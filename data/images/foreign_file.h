#pragma once

#include <string>
#include <string_view>

namespace samsr {

/// What a file that is no picture for samsr is, told by its first bytes, and what to do: "is an AVIF picture, which
/// samsr does not read; convert it to PNG", "is an HTML page, not a picture: was the download refused?". "not an image
/// of a known format" for the rest.
std::string describe_foreign_file(std::string_view file);

}  // namespace samsr
