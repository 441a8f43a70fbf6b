#include "data/archive_fixtures.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "data/images/image_walk.h"

namespace samsr::testing {
namespace fs = std::filesystem;
namespace {

void set_form(struct archive* writer, ArchiveForm form) {
  switch (form) {
    case ArchiveForm::kGnuTar:
      archive_write_set_format_gnutar(writer);
      return;
    case ArchiveForm::kPaxTar:
      archive_write_set_format_pax(writer);
      return;
    case ArchiveForm::kUstar:
      archive_write_set_format_ustar(writer);
      return;
    default:
      archive_write_set_format_zip(writer);
      ASSERT_EQ(archive_write_set_options(
                    writer, form == ArchiveForm::kStoredZip ? "zip:compression=store" : "zip:compression=deflate"),
                ARCHIVE_OK);
      if (form == ArchiveForm::kEncryptedZip) {
        ASSERT_EQ(archive_write_set_options(writer, "zip:encryption=zipcrypt"), ARCHIVE_OK);
        archive_write_set_passphrase(writer, "secret");
      }
  }
}

}  // namespace

void write_archive(const fs::path& path, ArchiveForm form, const std::vector<ArchiveEntry>& entries) {
  fs::create_directories(path.parent_path());
  struct archive* writer = archive_write_new();
  set_form(writer, form);
  ASSERT_EQ(archive_write_open_filename(writer, path.c_str()), ARCHIVE_OK) << archive_error_string(writer);
  for (const ArchiveEntry& each : entries) {
    struct archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, each.name.c_str());
    archive_entry_set_filetype(entry, each.link.empty() ? AE_IFREG : AE_IFLNK);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(each.bytes.size()));
    if (!each.link.empty()) {
      archive_entry_set_symlink(entry, each.link.c_str());
    }
    ASSERT_GE(archive_write_header(writer, entry), ARCHIVE_WARN) << archive_error_string(writer);
    ASSERT_EQ(archive_write_data(writer, each.bytes.data(), each.bytes.size()),
              static_cast<la_ssize_t>(each.bytes.size()));
    archive_entry_free(entry);
  }
  ASSERT_EQ(archive_write_close(writer), ARCHIVE_OK) << archive_error_string(writer);
  archive_write_free(writer);
}

std::vector<ArchiveEntry> entries_of(const fs::path& folder) {
  std::vector<ArchiveEntry> entries;
  walk_files(folder, [&](const std::string& path, WalkedFile) { entries.push_back({path, read_file(folder / path)}); });
  return entries;
}

}  // namespace samsr::testing
