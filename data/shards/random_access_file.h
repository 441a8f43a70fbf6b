#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace samsr {

/// A file read and written at offsets, without a shared position: safe to use from several threads.
class RandomAccessFile {
 public:
  enum class Access { kRead, kWrite, kCreate };

  /// Opens a file: one that exists, for reading or for both, or a new empty one. UserError with the reason.
  RandomAccessFile(const std::filesystem::path& path, Access access);
  ~RandomAccessFile();
  RandomAccessFile(const RandomAccessFile&) = delete;
  RandomAccessFile& operator=(const RandomAccessFile&) = delete;

  /// Bytes in the file now. UserError when the system does not say.
  std::uint64_t size() const;
  /// Fills `out` with `size` bytes from `offset`. UserError when they cannot be read or are not there.
  void read_at(std::uint64_t offset, void* out, std::size_t size) const;
  /// Makes sure that `size` bytes can be written, where the file system can; the file grows to that size.
  /// UserError with the reason (disk full).
  void reserve(std::uint64_t size) const;
  /// UserError with the reason (disk full).
  void write_at(std::uint64_t offset, const void* bytes, std::size_t size) const;

 private:
  [[noreturn]] void cannot_write() const;

  const std::filesystem::path path_;
  const int descriptor_;
};

}  // namespace samsr
