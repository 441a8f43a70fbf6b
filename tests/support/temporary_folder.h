#pragma once

#include <filesystem>
#include <string>

namespace samsr::testing {

/// A folder that begins empty and is removed with all it holds. Its name tells the running test, or the suite that is
/// being set up, and no other process has the same.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// A folder inside, made when it is not there.
  std::filesystem::path folder(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

}  // namespace samsr::testing
