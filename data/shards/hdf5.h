#pragma once
// Thin RAII over the HDF5 C interface, for the shard's metadata only: samples are read and written at their
// file offsets. HDF5 is not thread-safe; one thread at a time may use what is declared here.

#include <c10/core/ScalarType.h>
#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace samsr::hdf5 {

/// Owns an identifier.
class Id {
 public:
  using Close = herr_t (*)(hid_t);
  /// std::runtime_error naming `what` when the identifier is invalid.
  Id(hid_t id, Close closer, const char* what);
  ~Id();
  Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Id(const Id&) = delete;
  Id& operator=(const Id&) = delete;
  operator hid_t() const { return id_; }  // NOLINT: passed to C functions everywhere
  /// Closes early, to learn whether that fails.
  void close(const char* what);

 private:
  hid_t id_;
  Close close_;
};

/// std::runtime_error naming `what` when an HDF5 call reported failure.
void check(herr_t status, const char* what);

/// Keeps HDF5 from printing its error stack while it lives; failures are reported by exceptions instead.
class QuietErrors {
 public:
  QuietErrors();
  ~QuietErrors();
  QuietErrors(const QuietErrors&) = delete;
  QuietErrors& operator=(const QuietErrors&) = delete;

 private:
  H5E_auto2_t function_ = nullptr;
  void* data_ = nullptr;
};

/// The bytes of a file that holds nothing, to be written by the caller and opened then. Later bytes depend on
/// what is stored and on nothing else (no time stamps).
std::string empty_file();
/// A file that exists; no lock is taken, which network file systems may not have. New datasets start at page
/// boundaries. HDF5 may crash when it cannot write, so space should be reserved first.
Id open_file(const std::filesystem::path& path, bool writable);

/// A contiguous, uncompressed dataset whose space is allocated now and filled by its owner; "a/b" lies in group "a".
Id create_dataset(hid_t file, const std::string& name, hid_t type, const std::vector<std::int64_t>& shape);
/// A dataset of this file alone: links to other files or by a name are refused, and so are datasets whose bytes do not
/// lie here in one uncompressed piece. std::runtime_error naming it.
Id open_dataset(hid_t file, const std::string& name);
/// Where the dataset's bytes begin in the file.
std::uint64_t offset(hid_t dataset);
std::vector<std::int64_t> shape(hid_t dataset);

/// The file's type of a tensor's elements: uint8, half, float, uint32 or uint64.
Id stored_type(at::ScalarType type);
/// Text of exactly `length` bytes, padded with zeros.
Id text_type(std::size_t length);

void write_attribute(hid_t object, const char* name, const std::string& value);
void write_attribute(hid_t object, const char* name, const std::vector<std::string>& values);
void write_attribute(hid_t object, const char* name, std::uint64_t value);
std::vector<std::string> read_texts(hid_t object, const char* name);
std::string read_text(hid_t object, const char* name);
std::uint64_t read_number(hid_t object, const char* name);

}  // namespace samsr::hdf5
