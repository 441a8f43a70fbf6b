#pragma once
// What can be known of a place to write to before the work begins whose result goes there.

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

namespace samsr {

/// UserError, beginning with `what` ("train.out=runs/a"), unless `folder` can be written, or made where it is missing.
void check_writable(const std::filesystem::path& folder, const std::string& what);

/// The same of a file to write, whose folder is made where it is missing; an empty path is none.
void check_file_writable(const std::filesystem::path& file, const std::string& what);

/// Bytes that are free where `folder` lies or will lie; `what` as above.
std::uint64_t free_bytes(const std::filesystem::path& folder, const std::string& what);

/// The folder, or the nearest one above it that exists.
std::filesystem::path existing_part(std::filesystem::path folder);

/// UserError when the extension of `file` says another format than what is written: it must be one of `extensions`
/// (".png", in any case), or none. `written`: "PNG".
void check_extension(const std::filesystem::path& file, std::initializer_list<std::string_view> extensions,
                     const std::string& written);

/// The extension in small letters, with the dot; empty when there is none.
std::string extension_of(const std::filesystem::path& file);

}  // namespace samsr
