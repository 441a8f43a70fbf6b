#include "data/images/image_walk.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 10> kExtensions{".bmp", ".jpeg", ".jpg", ".pgm",  ".png",
                                                       ".pnm", ".ppm",  ".tif", ".tiff", ".webp"};

bool has_image_extension(const std::string& name) {
  std::string extension = fs::path(name).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

struct Entry {
  std::string name;
  bool folder = false;
};

std::vector<Entry> sorted_entries(const fs::path& folder) {
  std::vector<Entry> entries;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with(".")) {
      continue;
    }
    std::error_code broken_link;
    const bool is_folder = entry.is_directory(broken_link);
    if (is_folder || has_image_extension(name)) {
      entries.push_back({std::move(name), is_folder});
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

class Walk {
 public:
  Walk(const fs::path& root, const std::function<void(const std::string&)>& visit) : root_(root), visit_(visit) {}

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
        enter(relative + entry.name + "/");
      } else {
        visit_(relative + entry.name);
      }
    }
    within_.pop_back();
  }

 private:
  const fs::path root_;
  const std::function<void(const std::string&)>& visit_;
  std::vector<std::pair<dev_t, ino_t>> within_;
};

}  // namespace

void walk_images(const fs::path& folder, const std::function<void(const std::string&)>& visit) {
  if (!fs::exists(folder)) {
    throw UserError("{}: no such folder; check the path of the images", folder.string());
  }
  if (!fs::is_directory(folder)) {
    throw UserError("{}: is a file, a folder of images is needed", folder.string());
  }
  try {
    Walk(folder, visit).enter("");
  } catch (const fs::filesystem_error& error) {
    throw UserError("{}: cannot be read: {}", error.path1().string(), error.code().message());
  }
}

}  // namespace samsr
