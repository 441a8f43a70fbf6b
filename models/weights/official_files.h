#pragma once
// The catalogue of official weight files (configs/weights.yaml) and where they lie on this machine.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/settings.h"

namespace samsr {

/// Section `weights.`.
struct OfficialFilesSettings {
  std::string folder;  ///< empty: $SAMSR_WEIGHTS, else "weights"

  void bind(Settings& settings);
};

/// OfficialFile::kind of a compared method's network, whose sizes its tensors tell.
inline constexpr const char* kPeerFile = "peer";

/// One file as its authors publish it.
struct OfficialFile {
  std::string name;               ///< "SamSR_v1"
  std::string file;               ///< "SamSR_v1.pth"
  std::vector<std::string> also;  ///< other file names of the same tensors
  std::string address;
  std::string sha256;  ///< published digest or its first digits; empty when none is published
  std::string licence;
  std::string purpose;             ///< what needs it
  std::string config;              ///< shipped YAML with the settings of a model; empty for anything else
  std::string kind;                ///< "teacher", "student" or kPeerFile for a model; empty for anything else
  std::string row;                 ///< its row in the papers' tables; empty for anything else
  std::vector<std::string> needs;  ///< names of files that it cannot do without
};

/// The catalogue. Nothing is ever downloaded.
class OfficialFiles {
 public:
  /// The shipped catalogue.
  explicit OfficialFiles(const OfficialFilesSettings& settings);
  /// Another catalogue of the same form; `source` stands for it in messages. UserError naming the place of an entry
  /// that lacks a field, has an unknown one, or repeats a name.
  OfficialFiles(const std::string& yaml, const std::string& source, const OfficialFilesSettings& settings);

  const std::vector<OfficialFile>& files() const { return files_; }
  /// Folder that users are told to put files into.
  const std::filesystem::path& folder() const { return folders_.front(); }

  /// UserError when a folder was named, by `weights.folder` or $SAMSR_WEIGHTS, and is none.
  void check_folder() const;

  /// The entry called `name`, or whose file is called so ("SamSR_v1", "SamSR_v1.pth"); null when there is none.
  const OfficialFile* entry(const std::string& name) const;

  /// Where the file of `name` lies; nothing when it is in none of the folders. std::logic_error for a name that the
  /// catalogue lacks.
  std::optional<std::filesystem::path> find(const std::string& name) const;

  /// "alexnet-owt-7be5be79.pth is missing: published at …, put it into weights/": one line for messages.
  std::string how_to_get(const std::string& name) const;

 private:
  const OfficialFile& known(const std::string& name) const;

  std::vector<OfficialFile> files_;
  bool folder_named_;
  std::vector<std::filesystem::path> folders_;
};

}  // namespace samsr
