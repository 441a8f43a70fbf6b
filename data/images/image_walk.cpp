#include "data/images/image_walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/output.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

/// Formats that samsr reads, with the names that JPEG, BMP and PNM have besides.
constexpr std::array<std::string_view, 17> kRead{".bmp",  ".dib", ".jfi", ".jfif", ".jif", ".jpe",
                                                 ".jpeg", ".jpg", ".pam", ".pbm",  ".pgm", ".png",
                                                 ".pnm",  ".ppm", ".tif", ".tiff", ".webp"};
/// Other pictures: of phones and the web, of programs, and raw files of cameras. Documents are none.
constexpr std::array<std::string_view, 57> kUnread{
    ".3fr", ".apng", ".arw", ".avif", ".avifs", ".cr2",   ".cr3",  ".crw",   ".dcr", ".dds", ".dng", ".erf",
    ".exr", ".fff",  ".gif", ".hdr",  ".heic",  ".heics", ".heif", ".heifs", ".hif", ".ico", ".iiq", ".j2k",
    ".jls", ".jng",  ".jp2", ".jpf",  ".jpx",   ".jxl",   ".jxr",  ".kdc",   ".mef", ".mos", ".mpo", ".mrw",
    ".nef", ".nrw",  ".orf", ".pcx",  ".pef",   ".pfm",   ".psb",  ".psd",   ".qoi", ".raf", ".raw", ".rw2",
    ".rwl", ".sr2",  ".srf", ".srw",  ".svg",   ".svgz",  ".tga",  ".x3f",   ".xcf"};
/// Compared without case.
constexpr std::array<std::string_view, 6> kLitter{
    "thumbs.db", "thumbs.db:encryptable", "ehthumbs.db", "desktop.ini", "picasa.ini", "icon\r"};
constexpr std::array<std::string_view, 7> kLitterFolders{
    "#recycle", "$recycle.bin", "@eadir", "@recycle", "__macosx", "lost+found", "system volume information"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::string folded_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

WalkedFile kind_of_name(const std::string& name) {
  const std::string extension = extension_of(name);
  return is_one_of(kRead, extension)     ? WalkedFile::kImage
         : is_one_of(kUnread, extension) ? WalkedFile::kUnread
                                         : WalkedFile::kOther;
}

bool is_passed_over(const std::string& name, bool folder) {
  const std::string lower = folded_case(name);
  return name.starts_with(".") || (folder ? is_one_of(kLitterFolders, lower) : is_one_of(kLitter, lower));
}

struct Entry {
  std::string name;
  bool folder = false;
  bool special = false;
};

std::vector<Entry> sorted_entries(const fs::path& folder) {
  std::vector<Entry> entries;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    std::error_code broken_link;
    const bool is_folder = entry.is_directory(broken_link);
    if (!is_passed_over(name, is_folder)) {
      const bool special = !is_folder && entry.exists(broken_link) && !entry.is_regular_file(broken_link);
      entries.push_back({std::move(name), is_folder, special});
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

using Visit = std::function<void(const std::string& path, WalkedFile kind)>;

std::string unreadable_folder(const fs::filesystem_error& error) {
  return fmt::format("{}: cannot be read: {}", error.path1().string(), error.code().message());
}

class Walk {
 public:
  Walk(const fs::path& root, const Visit& visit, const UnreadableFolder& unreadable)
      : root_(root), visit_(visit), unreadable_(unreadable) {}

  /// `relative`: of the root; empty, or ending in a slash.
  void enter(const std::string& relative) {
    const fs::path folder = relative.empty() ? root_ : root_ / relative;
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) {
      throw fs::filesystem_error("stat", folder, std::error_code(errno, std::generic_category()));
    }
    const std::pair identity(status.st_dev, status.st_ino);
    if (std::find(within_.begin(), within_.end(), identity) != within_.end()) {
      return;
    }
    within_.push_back(identity);
    for (const Entry& entry : sorted_entries(folder)) {
      if (entry.folder) {
        enter_below(relative + entry.name + "/");
      } else {
        visit_(relative + entry.name, entry.special ? WalkedFile::kSpecial : kind_of_name(entry.name));
      }
    }
    within_.pop_back();
  }

 private:
  void enter_below(const std::string& relative) {
    const std::size_t depth = within_.size();
    try {
      enter(relative);
    } catch (const fs::filesystem_error& error) {
      if (!unreadable_) {
        throw;
      }
      within_.resize(depth);
      unreadable_(unreadable_folder(error));
    }
  }

  const fs::path root_;
  const Visit& visit_;
  const UnreadableFolder& unreadable_;
  std::vector<std::pair<dev_t, ino_t>> within_;
};

}  // namespace

void walk_files(const fs::path& folder, const Visit& visit, const UnreadableFolder& unreadable) {
  if (!fs::exists(folder)) {
    throw UserError("{}: no such folder; check the path of the images", folder.string());
  }
  if (!fs::is_directory(folder)) {
    throw UserError("{}: is a file, a folder of images is needed", folder.string());
  }
  try {
    Walk(folder, visit, unreadable).enter("");
  } catch (const fs::filesystem_error& error) {
    throw UserError("{}", unreadable_folder(error));
  }
}

std::optional<WalkedFile> kind_of_path(const std::string& path) {
  std::size_t begin = 0;
  for (std::size_t end = path.find('/'); end != std::string::npos; end = path.find('/', begin)) {
    if (is_passed_over(path.substr(begin, end - begin), true)) {
      return std::nullopt;
    }
    begin = end + 1;
  }
  const std::string name = path.substr(begin);
  return is_passed_over(name, false) ? std::nullopt : std::optional(kind_of_name(name));
}

void LeftOutPictures::add_to(Kinds& kinds, const std::string& name, const std::string& path) {
  Kind& each = kinds[name];
  if (each.count++ == 0) {
    each.first = path;
  }
}

void LeftOutPictures::add(const std::string& path, WalkedFile kind) {
  if (kind == WalkedFile::kUnread || kind == WalkedFile::kSpecial) {
    add_to(kinds_, kind == WalkedFile::kUnread ? extension_of(path) : "named pipe, socket or device", path);
  }
}

void LeftOutPictures::add(const std::string& path, const std::string& reason) { add_to(reasons_, reason, path); }

std::string LeftOutPictures::text_of(const Kinds& kinds) {
  std::uint64_t all = 0;
  std::vector<std::pair<std::string, Kind>> sorted(kinds.begin(), kinds.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  std::string list;
  for (const auto& [name, kind] : sorted) {
    all += kind.count;
    list += fmt::format("{}{} {} (first: {})", list.empty() ? "" : ", ", kind.count, name, kind.first);
  }
  return all == 0 ? ""
                  : fmt::format("{} left out: {}", all == 1 ? "1 file is" : fmt::format("{} files are", all), list);
}

std::string LeftOutPictures::text() const {
  const std::string unread = text_of(kinds_);
  const std::string others = text_of(reasons_);
  return (unread.empty() ? "" : unread + ": samsr does not read them; convert them to PNG") +
         (unread.empty() || others.empty() ? "" : "; ") + others;
}

LeftOutPictures walk_images(const fs::path& folder, const std::function<void(const std::string&)>& visit,
                            const UnreadableFolder& unreadable) {
  LeftOutPictures left_out;
  const auto visit_images = [&](const std::string& path, WalkedFile kind) {
    left_out.add(path, kind);
    if (kind == WalkedFile::kImage) {
      visit(path);
    }
  };
  walk_files(folder, visit_images, unreadable);
  return left_out;
}

}  // namespace samsr
