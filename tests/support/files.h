#pragma once
// Files as tests need them: written, listed, damaged.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace samsr::testing {

/// Writes `bytes` to `path`, whose folder is made when it is not there.
void write_text(const std::filesystem::path& path, const std::string& bytes);

/// A shell script that may be executed.
void write_script(const std::filesystem::path& path, const std::string& text);

/// Name → content of what lies in a folder; a folder in it has none.
std::map<std::string, std::string> contents(const std::filesystem::path& folder);

/// Changes one bit of the byte at `offset`, in place.
void flip_byte(const std::filesystem::path& file, std::uint64_t offset);

}  // namespace samsr::testing
