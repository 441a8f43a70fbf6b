#pragma once
// Files and folders that are complete or absent: made under a temporary name, synced, renamed.

#include <filesystem>
#include <string>
#include <string_view>

namespace samsr {

/// Whole content of a file. UserError when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Writes `bytes` so that `path` holds either its old content or all of the new one, whatever happens.
/// UserError with the system's reason (disk full, no permission).
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Makes the folder and its parents; UserError with the reason when that fails.
void make_folder(const std::filesystem::path& path);

/// Flushes a file's or folder's data to the disk. UserError when the system reports a loss.
void sync_to_disk(const std::filesystem::path& path);

/// Renames a file already written under a temporary name in the same folder: syncs it, renames it,
/// syncs the folder.
void publish(const std::filesystem::path& temporary, const std::filesystem::path& final_path);

/// Temporary name beside `path`, unique among processes; clean_temporaries() recognises it.
std::filesystem::path temporary_name(const std::filesystem::path& path);

/// Removes what interrupted runs left in `folder` under temporary names.
void clean_temporaries(const std::filesystem::path& folder);

}  // namespace samsr
