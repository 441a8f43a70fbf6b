#include "data/photographs/split.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "comm/hold_folder.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/field_text.h"
#include "core/nested_paths.h"
#include "core/progress.h"
#include "data/images/image_walk.h"
#include "data/photographs/listing.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSplitFile = ".samsr-split";
constexpr const char* kSplitFormat = "samsr-split/1";
constexpr std::array<const char*, 2> kSplitParts{"train", "held_out"};
constexpr std::size_t kLongestName = 255;  ///< bytes

/// Link, relative to the folder → where it leads.
using SplitLinks = std::map<std::string, std::string>;

/// NUMBER_NAME; of a name that would be too long the middle is left out.
std::string link_name(std::uint64_t number, const std::string& photograph) {
  const std::string prefix = fmt::format("{:05}_", number);
  const fs::path name = fs::path(photograph).filename();
  const std::string extension = name.extension().string();
  std::string stem = name.stem().string();
  stem.resize(std::min(stem.size(), kLongestName - prefix.size() - extension.size()));
  return prefix + stem + extension;
}

/// `left_out` says what of the folder is none that can be linked to.
SplitLinks links_to(const fs::path& images, std::uint64_t every, std::string& left_out, Log& log) {
  const fs::path source = absolute_path(images);
  SplitLinks links;
  std::uint64_t count = 0;
  std::vector<std::string> broken;
  Progress progress(log, kListingFiles, Progress::kUnknown, "files");
  const LeftOutPictures walked = walk_images(images, [&](const std::string& path) {
    if (std::error_code nowhere; !fs::exists(images / path, nowhere)) {
      broken.push_back(path);
      return;
    }
    const char* part = kSplitParts[count % every == 0 ? 1 : 0];
    links[fmt::format("{}/{}", part, link_name(count, path))] = (source / path).string();
    ++count;
    progress.advance();
  });
  left_out = walked.text();
  if (!broken.empty()) {
    left_out += fmt::format("{}{} left out, leading nowhere (first: {})", left_out.empty() ? "" : "; ",
                            broken.size() == 1 ? "1 link is" : fmt::format("{} links are", broken.size()),
                            one_line(broken.front()));
  }
  return links;
}

SplitLinks read_links(const fs::path& folder) {
  SplitLinks links;
  if (!fs::exists(folder / kSplitFile)) {
    return links;
  }
  const std::vector<std::string> fields = split_fields(read_file(folder / kSplitFile));
  if (fields.empty() || fields.front() != kSplitFormat) {
    throw UserError("{}: damaged, or of another version of samsr; name another folder", (folder / kSplitFile).string());
  }
  for (std::size_t i = 1; i + 1 < fields.size(); i += 2) {
    links[fields[i]] = fields[i + 1];
  }
  return links;
}

/// Lists both; what is in both with the first one's target.
void write_links(const fs::path& folder, const SplitLinks& links, const SplitLinks& more) {
  std::string text = join_fields({kSplitFormat});
  const auto append = [&](const auto& link) {
    text.append(link.first).push_back('\0');
    text.append(link.second).push_back('\0');
  };
  auto other = more.begin();
  for (const auto& link : links) {
    for (; other != more.end() && other->first <= link.first; ++other) {
      if (other->first < link.first) {
        append(*other);
      }
    }
    append(link);
  }
  std::for_each(other, more.end(), append);
  write_file_atomically(folder / kSplitFile, text);
}

[[noreturn]] void foreign(const fs::path& folder, const fs::path& found) {
  throw UserError(
      "{}: was not made by `samsr data split`, so nothing in {} is touched; name another folder, or move it",
      found.string(), folder.string());
}

/// UserError naming the first thing in the folder that is not one of the links.
void check_nothing_else(const fs::path& folder, const SplitLinks& links) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name == kSplitFile || name == kFolderLockFile) {
      continue;
    }
    if (entry.is_symlink() || !entry.is_directory() || (name != kSplitParts[0] && name != kSplitParts[1])) {
      foreign(folder, entry.path());
    }
    for (const auto& each : fs::directory_iterator(entry.path())) {
      const auto known = links.find(name + "/" + each.path().filename().string());
      if (!each.is_symlink() || known == links.end() || fs::read_symlink(each.path()) != known->second) {
        foreign(folder, each.path());
      }
    }
  }
}

void make_links(const fs::path& folder, const SplitLinks& before, const SplitLinks& wanted, Log& log) {
  for (const auto& [link, target] : before) {
    const auto same = wanted.find(link);
    if (same == wanted.end() || same->second != target) {
      fs::remove(folder / link);
    }
  }
  write_links(folder, wanted, before);  // before the first link, so that an interruption leaves nothing unknown
  for (const char* part : kSplitParts) {
    make_folder(folder / part);
  }
  Progress progress(log, "linking photographs", static_cast<std::int64_t>(wanted.size()), "links");
  for (const auto& [link, target] : wanted) {
    if (before.empty() || !fs::is_symlink(folder / link)) {
      fs::create_symlink(target, folder / link);
    }
    progress.advance();
  }
  write_links(folder, wanted, {});
}

}  // namespace

void split_photographs(const fs::path& images, const fs::path& folder, std::uint64_t every, Log& log) {
  if (fs::is_regular_file(images)) {
    throw UserError(
        "{}: is a file; photographs are parted by links, which need a folder of pictures (unpack an archive)",
        images.string());
  }
  std::string unread;
  const SplitLinks links = links_to(images, every, unread, log);
  if (links.size() < 2) {
    throw UserError("{}: {} photographs found, at least 2 are needed (one is held out){}{}", images.string(),
                    links.size(), unread.empty() ? "" : "; ", unread);
  }
  if (is_within(folder, images) || is_within(images, folder)) {
    throw UserError("{} and {}: the photographs and the folder of the links must lie apart; name another folder",
                    images.string(), folder.string());
  }
  const auto held = hold_folder(folder, "data split", log);
  try {
    clean_temporaries(folder);
    const SplitLinks before = read_links(folder);
    check_nothing_else(folder, before);
    make_links(folder, before, links, log);
  } catch (const fs::filesystem_error& error) {
    throw UserError("{}: {}", error.path1().string(), error.code().message());
  }
  if (!unread.empty()) {
    log.warning("{}: {}", images.string(), unread);
  }
  const std::uint64_t held_out = (links.size() + every - 1) / every;
  log.info("{}: {} photographs to train on, {} held out", folder.string(), links.size() - held_out, held_out);
}

}  // namespace samsr
