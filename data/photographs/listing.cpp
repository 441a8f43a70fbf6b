#include "data/photographs/listing.h"

#include <fmt/ranges.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "data/photographs/archive.h"
#include "models/weights/printable.h"

namespace samsr {
namespace fs = std::filesystem;
namespace {

std::int64_t as_megabytes(std::uint64_t bytes) {
  constexpr std::uint64_t kMillion = 1'000'000;
  return static_cast<std::int64_t>(bytes / kMillion);
}

PhotographPlace archive_place(std::uint32_t source, const std::string& path) {
  PhotographPlace place = file_place(source, path);
  place.packing = PhotographPlace::Packing::kArchive;
  return place;
}

ListingRemarks walk_folder(const std::string& source, std::uint32_t number, const VisitPlace& visit,
                           const UnreadableFolder& unreadable) {
  LeftOutPictures left_out;
  std::vector<std::string> archives;
  std::uint64_t pictures = 0;
  const auto take = [&](const std::string& path, WalkedFile kind) {
    left_out.add(path, kind);
    if (kind == WalkedFile::kImage) {
      ++pictures;
      visit(file_place(number, path));
    } else if (kind == WalkedFile::kOther && is_archive_name(path)) {
      archives.push_back(path);
    }
  };
  walk_files(source, take, unreadable);
  ListingRemarks remarks;
  if (const std::string text = left_out.text(); !text.empty()) {
    remarks.push_back(text);
  }
  if (pictures == 0) {
    for (const std::string& archive : archives) {
      visit(archive_place(number, archive));
    }
  } else if (!archives.empty()) {
    // Most often what the pictures beside it were unpacked from.
    remarks.push_back(
        fmt::format("{} archives beside pictures (first: {}) are not looked into; name them in "
                    "data.images to use them",
                    archives.size(), archives.front()));
  }
  return remarks;
}

void walk_list(const std::string& source, std::uint32_t number, const VisitPlace& visit) {
  const std::string text = read_file(source);
  std::size_t line_number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    ++line_number;
    if (line.ends_with('\r')) {
      line.pop_back();
    }
    if (line.empty()) {
      continue;
    }
    if (kind_of_path(fs::path(line).filename().string()) != WalkedFile::kImage ||
        line.find('\0') != std::string::npos) {
      throw UserError("{}:{}: '{}' is no picture's path; a list has one path a line, relative to its own folder",
                      source, line_number, printable(line.substr(0, 100)));
    }
    visit(file_place(number, line));
  }
}

/// One archive on the disk, and those in it.
class ArchiveListing {
 public:
  ArchiveListing(const fs::path& root, const PhotographPlace& archive, const VisitPlace& visit,
                 const std::function<void(std::uint64_t)>& report)
      : archive_(archive), file_(root / archive.path, RandomAccessFile::Access::kRead), visit_(visit), report_(report) {
    enter({.file = &file_, .size = file_.size(), .name = (root / archive.path).string()}, archive.path, 1);
  }

  std::string left_out() const { return left_out_.text(); }

 private:
  void enter(const ArchiveRegion& region, const std::string& path, int depth) {
    if (depth > kDeepestArchive) {
      throw UserError("{}: archives are nested more than {} deep there; take out what is needed", region.name,
                      kDeepestArchive);
    }
    const std::vector<ArchiveMember> members =
        members_of(region, left_out_, [&](std::uint64_t bytes) { report_(region.offset + bytes); });
    for (const ArchiveMember& member : members) {
      const std::string inner = path + "/" + member.name;
      if (member.archive) {
        enter({.file = &file_,
               .offset = member.offset,
               .size = member.size,
               .name = region.name + "/" + printable(member.name)},
              inner, depth + 1);
        continue;
      }
      using Packing = PhotographPlace::Packing;
      visit_({.source = archive_.source,
              .path = inner,
              .file_length = archive_.file_length,
              .packing = member.deflated ? Packing::kDeflated : Packing::kStored,
              .offset = member.offset,
              .size = member.size});
    }
  }

  const PhotographPlace& archive_;
  const RandomAccessFile file_;
  const VisitPlace& visit_;
  const std::function<void(std::uint64_t)>& report_;
  LeftOutPictures left_out_;
};

}  // namespace

ListingRemarks walk_source(const std::string& source, std::uint32_t number, const VisitPlace& visit,
                           const UnreadableFolder& unreadable) {
  switch (kind_of_source(source)) {
    case SourceKind::kFolder:
      return walk_folder(source, number, visit, unreadable);
    case SourceKind::kArchive:
      visit(archive_place(number, fs::path(source).filename().string()));
      return {};
    default:
      walk_list(source, number, visit);
      return {};
  }
}

std::uint64_t archive_bytes(const fs::path& root, const PhotographPlace& archive) {
  std::error_code gone;
  const std::uintmax_t size = fs::file_size(root / archive.path, gone);
  return gone ? 0 : static_cast<std::uint64_t>(size);
}

ArchiveLister::ArchiveLister(std::uint64_t bytes, Log& log)
    : progress_(log, "listing archives", as_megabytes(bytes), "MB"), bytes_(bytes) {}

ListingRemarks ArchiveLister::list(const fs::path& root, const PhotographPlace& archive, const VisitPlace& visit) {
  const auto report = [&](std::uint64_t at) { progress_.set(as_megabytes(behind_ + at), archive.path); };
  const std::string left_out = ArchiveListing(root, archive, visit, report).left_out();
  behind_ += archive_bytes(root, archive);
  return left_out.empty() ? ListingRemarks{} : ListingRemarks{left_out};
}

void ArchiveLister::finish() {
  progress_.set(as_megabytes(bytes_));
  progress_.finish();
}

PackedPlaces photographs_of(const std::string& source, ListingRemarks& remarks, Log& log,
                            const UnreadableFolder& unreadable) {
  PackedPlaces found;
  std::vector<PhotographPlace> archives;
  const fs::path root = root_of_source(source);
  std::uint64_t bytes = 0;
  Progress progress(log, kListingFiles, Progress::kUnknown, "files");
  const auto take = [&](const PhotographPlace& place) {
    if (place.packing != PhotographPlace::Packing::kArchive) {
      found.append(place);
      progress.advance();
      return;
    }
    archives.push_back(place);
    bytes += archive_bytes(root, place);
  };
  remarks = walk_source(source, 0, take, unreadable);
  if (!archives.empty()) {
    ArchiveLister lister(bytes, log);
    for (const PhotographPlace& archive : archives) {
      for (std::string& remark :
           lister.list(root, archive, [&](const PhotographPlace& place) { found.append(place); })) {
        remarks.push_back(std::move(remark));
      }
    }
    lister.finish();
  }
  if (found.size() == 0) {
    throw UserError("{}: holds no images (JPEG, PNG, WebP, BMP, TIFF, PNM){}{}", source, remarks.empty() ? "" : "; ",
                    fmt::join(remarks, "; "));
  }
  return found;
}

}  // namespace samsr
