#pragma once
// Where the bytes of an encoded picture go.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/atomic_file.h"

namespace samsr {

/// Takes bytes in order. What it makes is complete (finish) or absent (destruction without finish).
class ByteSink {
 public:
  virtual ~ByteSink() = default;

  /// UserError with the system's reason (disk full).
  virtual void write(std::string_view bytes) = 0;

  virtual void finish() = 0;
};

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
