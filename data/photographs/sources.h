#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/settings.h"

namespace samsr {

/// One place that photographs are taken from: a folder, an archive (.tar, .zip), or a list of paths (.txt).
struct PhotographSource {
  std::string path;
  double weight = 0;  ///< its part of the samples, to those of the others; 0: none is given, and pictures count

  bool operator==(const PhotographSource&) const = default;
};

/// What data.images names: one source, or several, all with a weight or all without.
class PhotographSources {
 public:
  PhotographSources() = default;
  // One source without a weight; none where the path is empty.
  PhotographSources(const char* path) : PhotographSources(std::string(path)) {}
  PhotographSources(std::string path);
  PhotographSources(const std::filesystem::path& path) : PhotographSources(path.string()) {}
  /// UserError where some have a weight and others none.
  PhotographSources(std::vector<PhotographSource> sources);

  /// A setting that takes a path, or a list of paths and of {path, weight}; paths as a shell would take them.
  void bind(Settings& settings, const std::string& key, const std::string& help);

  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }
  const PhotographSource& operator[](std::size_t number) const { return list_[number]; }
  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  bool weighted() const { return !list_.empty() && list_.front().weight > 0; }
  /// "a, b" for messages.
  std::string text() const;
  /// The same with absolute paths.
  PhotographSources absolute() const;

  bool operator==(const PhotographSources&) const = default;

 private:
  std::vector<PhotographSource> list_;
};

enum class SourceKind { kFolder, kArchive, kList };

/// What lies at `path`, an archive and a list by their extensions. UserError, which says what is needed, for all else.
SourceKind kind_of_source(const std::filesystem::path& path);

/// Whether a file's name has the extension of an archive that is looked into: .tar, .zip.
bool is_archive_name(const std::filesystem::path& path);

/// What the paths of a source's photographs are relative to: the folder itself, or that of the archive or list.
std::filesystem::path root_of_source(const std::filesystem::path& path);

/// root_of_source() of each.
std::vector<std::filesystem::path> roots_of(const PhotographSources& sources);

}  // namespace samsr
