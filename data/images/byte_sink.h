#pragma once
// Where the bytes of an encoded picture go.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace samsr {

/// Takes bytes in order. What it makes is complete (finish) or absent (destruction without finish).
class ByteSink {
 public:
  virtual ~ByteSink() = default;

  /// UserError with the system's reason (disk full).
  virtual void write(std::string_view bytes) = 0;

  virtual void finish() = 0;
};

/// Called with the complete file while it still has its temporary name; what it throws leaves the old file as it was.
using BeforeRename = std::function<void(const std::filesystem::path& temporary)>;

/// Syncs the file to the disk, calls `before_rename` where there is one, and renames the file to `path`.
void publish_file(const std::filesystem::path& temporary, const std::filesystem::path& path,
                  const BeforeRename& before_rename);

/// `path` under a temporary name; finish() syncs and renames. UserError when the file cannot be made.
std::unique_ptr<ByteSink> make_file_sink(const std::filesystem::path& path, BeforeRename before_rename = {});

/// Appends to `bytes`, which must outlive the sink.
std::unique_ptr<ByteSink> make_memory_sink(std::string& bytes);

/// What a library's callback hands over until its caller gives it to a sink: no exception may pass through C code.
class PendingBytes {
 public:
  /// False when there is no memory for them; nothing is thrown.
  bool append(const void* bytes, std::size_t count) noexcept;

  /// Gives all of it to `sink`, at once or when `enough` bytes have come together.
  void flush(ByteSink& sink, std::size_t enough = 0);

 private:
  std::string bytes_;
};

}  // namespace samsr
