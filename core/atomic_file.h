#pragma once
// Files and folders that are complete or absent: made under a temporary name, synced, renamed.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/error.h"

namespace samsr {

/// Content of a file: all of it, or its first `most` bytes. UserError when it cannot be read, or memory does not
/// suffice.
std::string read_file(const std::filesystem::path& path, std::size_t most = std::string::npos);

/// UserError where `path` is a pipe or a socket, on which opening would wait for ever; those below /dev, which the
/// shell hands over, have their writer.
void check_no_pipe(const std::filesystem::path& path);

/// UserError where a file of this name would take the place of a device, a pipe or a link to one.
void check_replaceable(const std::filesystem::path& path);

/// The disk takes no more: what else is to be written there will fail as well.
class DiskError : public UserError {
 public:
  using UserError::UserError;
};

/// Throws what the system's `error` on writing `path` means: DiskError when the disk is full, broken or read-only,
/// UserError otherwise, also when only this file may grow no further.
[[noreturn]] void throw_write_error(const std::filesystem::path& path, int error);

/// Called with the complete file while it still has its temporary name; what it throws leaves the old file as it was.
using BeforeRename = std::function<void(const std::filesystem::path& temporary)>;

/// A file that is absent or as before until finish(): it grows under a temporary name.
class NewFile {
 public:
  /// UserError as check_replaceable(), where `path` is a folder, and as throw_write_error() when the file cannot be
  /// made.
  explicit NewFile(std::filesystem::path path, BeforeRename before_rename = {});
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// Errors as throw_write_error().
  void write(std::string_view bytes);
  /// Nothing can be written after it. Errors as throw_write_error().
  void finish();

 private:
  const std::filesystem::path path_;
  const std::filesystem::path temporary_;
  const BeforeRename before_rename_;
  int descriptor_ = -1;
  bool finished_ = false;
};

/// Writes `bytes` so that `path` holds either its old content or all of the new one, whatever happens.
/// Errors as throw_write_error().
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

/// Makes the folder and its parents; UserError with the reason when that fails.
void make_folder(const std::filesystem::path& path);

/// Flushes a file's or folder's data to the disk. UserError when the system reports a loss.
void sync_to_disk(const std::filesystem::path& path);

/// Renames a file already written under a temporary name in the same folder: syncs it, renames it,
/// syncs the folder. UserError as check_replaceable().
void publish(const std::filesystem::path& temporary, const std::filesystem::path& final_path,
             const BeforeRename& before_rename = {});

/// Temporary name beside `path`, unique among processes: .NAME.tmp-PROCESS-MARK. The mark, eight hex digits, tells the
/// host and is a checksum of the rest, so that nobody else's file is taken for one. Of a NAME of more than 100 bytes
/// only the beginning and a checksum stand there: a file system that can hold the name can hold the temporary one.
std::filesystem::path temporary_name(const std::filesystem::path& path);

/// Removes what interrupted runs left in `folder` under temporary names; those of other processes that run on this host
/// are left alone. For a folder that this run holds (core/folder_lock.h).
void clean_temporaries(const std::filesystem::path& folder);

/// Removes what runs of this host that were interrupted left of `path` under temporary names, in a folder that nobody
/// holds. Reads the folder's names.
void clean_temporaries_of(const std::filesystem::path& path);

/// Opens a new file for writing under a temporary name; what lies there is removed, never followed or written over.
/// The descriptor, or -1 with errno.
int create_temporary(const std::filesystem::path& temporary);

}  // namespace samsr
