#include "data/tools/test_set_names.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_text.h"
#include "data/images/image_walk.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kImagenetValidation = 50000;

/// Of a path in a list too, which may have another extension than the photograph, or none: only an image's counts, as
/// names may have dots.
std::string test_name_of(const std::string& path) {
  static const std::set<std::string> kExtensions{".jpeg", ".jpg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".ppm"};
  const fs::path name = fs::path(path).filename();
  std::string extension = name.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return kExtensions.contains(extension) ? name.stem().string() : name.string();
}

std::vector<std::string> names_in(const fs::path& list) {
  std::vector<std::string> names;
  std::set<std::string> known;
  std::istringstream lines(read_file(list));
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) {
      line.pop_back();
    }
    if (line.empty()) {
      continue;
    }
    names.push_back(test_name_of(line));
    if (!known.insert(names.back()).second) {
      throw UserError("{}: names {} twice; leave one of them out", list.string(), one_line(names.back()));
    }
  }
  if (names.empty()) {
    throw UserError("{}: names no picture; write one name a line", list.string());
  }
  return names;
}

bool matches(const std::string& text, const std::string& pattern) {
  return text.size() == pattern.size() &&
         std::equal(text.begin(), text.end(), pattern.begin(), [](char each, char wanted) {
           return wanted == '0' ? std::isdigit(static_cast<unsigned char>(each)) != 0 : each == wanted;
         });
}

}  // namespace

std::vector<std::string> sorted_photographs(const fs::path& folder) {
  std::vector<std::string> photographs;
  walk_images(folder, [&](const std::string& path) { photographs.push_back(path); });
  if (photographs.empty()) {
    throw UserError("{}: has no photographs; name the folder of ImageNet's validation set", folder.string());
  }
  std::sort(photographs.begin(), photographs.end());
  return photographs;
}

TestSetNames names_of(const std::vector<std::string>& photographs) {
  TestSetNames names;
  for (const std::string& photograph : photographs) {
    const auto [found, added] = names.emplace(test_name_of(photograph), photograph);
    if (!added) {
      throw UserError("{} and {} would both be called {}.png; rename one of them", one_line(found->second),
                      one_line(photograph), one_line(found->first));
    }
  }
  return names;
}

TestSetNames listed_photographs(const std::vector<std::string>& photographs, const fs::path& list) {
  const std::vector<std::string> wanted = names_in(list);
  const std::set<std::string> in_list(wanted.begin(), wanted.end());
  std::vector<std::string> chosen;
  std::copy_if(photographs.begin(), photographs.end(), std::back_inserter(chosen),
               [&](const std::string& photograph) { return in_list.contains(test_name_of(photograph)); });
  const TestSetNames names = names_of(chosen);
  std::vector<std::string> missing;
  std::size_t count = 0;
  for (const std::string& name : wanted) {
    if (!names.contains(name) && ++count <= 3) {
      missing.push_back(one_line(name));
    }
  }
  if (count > 0) {
    throw UserError("{}: {} of its {} names are no photograph's: {}{}; name the folder that has them", list.string(),
                    count, wanted.size(), fmt::join(missing, ", "), count > missing.size() ? ", …" : "");
  }
  return names;
}

bool is_imagenet_in_classes(const std::vector<std::string>& photographs) {
  return photographs.size() == kImagenetValidation &&
         std::all_of(photographs.begin(), photographs.end(), [](const std::string& photograph) {
           return matches(photograph, "n00000000/ILSVRC2012_val_00000000.JPEG");
         });
}

}  // namespace samsr
