#include "eval/measure/image_set.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "core/error.h"
#include "data/images/image_walk.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kShown = 3;  // names in a message

std::vector<std::string> names_lacking(const ImageSet& set, const ImageSet& wanted) {
  std::vector<std::string> lacking;
  for (const auto& [name, path] : wanted) {
    if (!set.contains(name)) {
      lacking.push_back(name);
    }
  }
  return lacking;
}

}  // namespace

std::string first_few(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() > kShown ? fmt::format("{} and {} more", text, names.size() - kShown) : text;
}

ImageSet list_image_set(const fs::path& folder, const std::string& role, InputProblems& problems) {
  std::vector<fs::path> images;
  std::vector<std::string> others;
  walk_files(folder, [&](const std::string& path, WalkedFile kind) {
    if (kind == WalkedFile::kImage) {
      images.push_back(folder / path);
    } else {
      others.push_back(path);
    }
  });
  if (!others.empty()) {
    problems.add(fmt::format("{} {}: not images: {}; move them away", role, folder.string(), first_few(others)));
  }
  if (images.empty()) {
    throw UserError("{} {}: the folder holds no image", role, folder.string());
  }
  ImageSet set;
  for (const fs::path& path : images) {
    const fs::path relative = path.lexically_relative(folder);
    const auto [known, fresh] = set.emplace((relative.parent_path() / relative.stem()).string(), path);
    if (!fresh) {
      problems.add(
          fmt::format("{} {}: {} and {} have the same name; images are matched by name without extension, so keep one",
                      role, folder.string(), known->second.filename().string(), path.filename().string()));
    }
  }
  return set;
}

void check_same_names(const ImageSet& set, const fs::path& folder, const ImageSet& expected,
                      const fs::path& expected_folder, InputProblems& problems) {
  const std::vector<std::string> missing = names_lacking(set, expected);
  const std::vector<std::string> extra = names_lacking(expected, set);
  if (missing.empty() && extra.empty()) {
    return;
  }
  std::string text;
  if (!missing.empty()) {
    text += fmt::format("{} of {} in {} are missing here: {}", missing.size(), expected.size(),
                        expected_folder.string(), first_few(missing));
  }
  if (!extra.empty()) {
    text += fmt::format("{}{} have no counterpart in {}: {}", text.empty() ? "" : "; ", extra.size(),
                        expected_folder.string(), first_few(extra));
  }
  problems.add(fmt::format("{}: {}; images are matched by name without extension", folder.string(), text));
}

ImageSet common_images(const ImageSet& set, const ImageSet& wanted) {
  ImageSet common;
  std::copy_if(set.begin(), set.end(), std::inserter(common, common.end()),
               [&](const auto& image) { return wanted.contains(image.first); });
  return common;
}

}  // namespace samsr
