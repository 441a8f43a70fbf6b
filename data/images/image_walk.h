#pragma once
// The one walk through folders of pictures, for every verb.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace samsr {

/// What a file met on a walk is, by its name and kind; it is not opened.
enum class WalkedFile {
  kImage,    ///< its name has an extension of a format that samsr reads; a link may lead nowhere
  kUnread,   ///< that of a picture in a format that samsr does not read, such as .heic, .gif, or a camera's raw file
  kSpecial,  ///< a named pipe, socket or device
  kOther,
};

/// Called with a line about a folder below the first that cannot be read, which is then passed over.
using UnreadableFolder = std::function<void(const std::string& why)>;

/// Calls `visit` with the path, relative to `folder`, of every file below it: in the order of the paths' parts, folders
/// and files together, links to files and folders followed (but not back into a folder one is in). Passed over is what
/// systems and programs leave beside pictures: hidden files and folders (AppleDouble ._x, .ipynb_checkpoints among
/// them), __MACOSX, @eaDir, Thumbs.db, desktop.ini. Holds the names of one folder a level, however many files there
/// are. UserError when the folder is missing, is none, or cannot be read, or, without `unreadable`, a part of it.
void walk_files(const std::filesystem::path& folder,
                const std::function<void(const std::string& path, WalkedFile kind)>& visit,
                const UnreadableFolder& unreadable = {});

/// What a walk would take a file for whose path has these parts, such as a member of an archive; nothing for what it
/// passes over.
std::optional<WalkedFile> kind_of_path(const std::string& path);

/// Pictures of a walk that are not used, for the user to know.
class LeftOutPictures {
 public:
  void add(const std::string& path, WalkedFile kind);
  /// A picture that is left out for another `reason`: "encrypted".
  void add(const std::string& path, const std::string& reason);
  /// "3 files are left out: 2 .heic (first: x.heic), 1 .gif (first: y.gif): samsr does not read them; convert them to
  /// PNG"; those with a reason of their own are counted behind that. Empty when there are none.
  std::string text() const;

 private:
  struct Kind {
    std::uint64_t count = 0;
    std::string first;
  };
  using Kinds = std::map<std::string, Kind>;
  static void add_to(Kinds& kinds, const std::string& name, const std::string& path);
  static std::string text_of(const Kinds& kinds);

  Kinds kinds_;    ///< by extension, or "named pipe, socket or device"
  Kinds reasons_;  ///< by reason
};

/// The images of a walk alone; what is left out is counted in the answer.
LeftOutPictures walk_images(const std::filesystem::path& folder, const std::function<void(const std::string&)>& visit,
                            const UnreadableFolder& unreadable = {});

}  // namespace samsr
