#pragma once
// Archives for tests, written with libarchive.

#include <filesystem>
#include <string>
#include <vector>

namespace samsr::testing {

/// A member to be: a file, or where `link` is not empty a symbolic link.
struct ArchiveEntry {
  std::string name;
  std::string bytes{};
  std::string link{};
};

enum class ArchiveForm { kGnuTar, kPaxTar, kUstar, kStoredZip, kDeflatedZip, kEncryptedZip };

/// Writes an archive of the entries in their order. Names and bytes may be any.
void write_archive(const std::filesystem::path& path, ArchiveForm form, const std::vector<ArchiveEntry>& entries);

/// Entries for the files below `folder`, named by their paths there.
std::vector<ArchiveEntry> entries_of(const std::filesystem::path& folder);

}  // namespace samsr::testing
