#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

struct zip;

namespace samsr {

/// The entries of a zip file, stored or deflated, for reading. Every failure is an UnreadableWeights.
class ZipArchive {
 public:
  /// Refuses archives whose entries overlap, or would unpack to many times the size of the file.
  explicit ZipArchive(const std::filesystem::path& path);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  /// Name to unpacked size in bytes.
  const std::map<std::string, std::uint64_t>& entries() const { return sizes_; }
  /// Unpacked bytes of all entries.
  std::uint64_t total() const { return total_; }
  bool has(const std::string& name) const { return sizes_.contains(name); }
  std::uint64_t size(const std::string& name) const;

  /// Unpacks size(name) bytes to `to` and checks their CRC.
  void read(const std::string& name, void* to) const;
  /// The whole entry, which may be `largest` bytes at most.
  std::string read(const std::string& name, std::uint64_t largest) const;

 private:
  struct Close {
    void operator()(zip* archive) const;
  };
  std::unique_ptr<zip, Close> archive_;
  std::map<std::string, std::uint64_t> sizes_;
  std::uint64_t total_ = 0;
};

}  // namespace samsr
