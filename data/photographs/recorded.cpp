#include "data/photographs/recorded.h"

#include <algorithm>
#include <optional>

#include "core/checksum.h"
#include "core/error.h"
#include "core/nested_paths.h"
#include "data/images/image_file.h"
#include "data/photographs/listing.h"
#include "models/weights/printable.h"

namespace samsr {
namespace fs = std::filesystem;

namespace {

/// The bytes of a member where the index says that they lie; nothing where they are not there any more.
std::optional<std::string> read_listed_member(const RandomAccessFile& file, const std::string& member,
                                              const Photograph& listed, const ImageLimits& limits) {
  using Packing = PhotographPlace::Packing;
  const bool packed = listed.packing == Packing::kStored || listed.packing == Packing::kDeflated;
  if (!packed || !listed.path.ends_with("/" + member) || listed.path.size() - listed.file_length != member.size() + 1) {
    return std::nullopt;
  }
  try {
    check_file_size(member, listed.size, limits);
    std::string bytes = read_member(
        file, {.offset = listed.offset, .size = listed.size, .deflated = listed.packing == Packing::kDeflated}, member);
    return crc32c(bytes.data(), bytes.size()) == listed.checksum ? std::optional(std::move(bytes)) : std::nullopt;
  } catch (const UserError&) {  // which listing the archive explains
    return std::nullopt;
  }
}

}  // namespace

std::string RecordedPhotographs::read(const std::string& image, std::uint64_t source, const std::string& where,
                                      const Photograph* listed) {
  if (source >= sources_.size()) {
    throw UserError("{}: its photograph is of source number {}, but data.images has {}; give as many as the build had",
                    where, source + 1, sources_.size());
  }
  const fs::path path = sources_[source].path;
  switch (kind_of_source(path)) {
    case SourceKind::kFolder:
      return read_below(path, image, where, listed);
    case SourceKind::kArchive:
      // The record begins with the archive's name at the time of the build.
      return read_packed(path, image.substr(std::min(image.find('/'), image.size() - 1) + 1), listed);
    default:
      return read_listed(path, image, where);
  }
}

std::string RecordedPhotographs::read_below(const fs::path& folder, const std::string& image, const std::string& where,
                                            const Photograph* listed) {
  const fs::path name(image);
  if (image.empty() || name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end()) {
    throw UserError("{}: its photograph '{}' is not below {}; only photographs of that folder are read", where,
                    printable(image), folder.string());
  }
  const fs::path path = folder / name;
  if (!is_within(path, folder)) {
    log_.warning("{} is a link to {}, outside {}", path.string(), fs::weakly_canonical(path).string(), folder.string());
  }
  for (std::size_t slash = image.find('/'); slash != std::string::npos; slash = image.find('/', slash + 1)) {
    if (const fs::path archive = folder / image.substr(0, slash); fs::is_regular_file(archive)) {
      return read_packed(archive, image.substr(slash + 1), listed);
    }
  }
  return read_picture_file(path, limits_);
}

std::string RecordedPhotographs::read_packed(const fs::path& archive, const std::string& member,
                                             const Photograph* listed) {
  const RandomAccessFile file(archive, RandomAccessFile::Access::kRead);
  if (auto bytes = listed == nullptr ? std::nullopt : read_listed_member(file, member, *listed, limits_)) {
    return std::move(*bytes);
  }
  ArchiveRegion region{.file = &file, .size = file.size(), .name = archive.string()};
  std::string rest = member;
  for (int depth = 1; depth <= kDeepestArchive; ++depth) {
    const Members& inside = members(region);
    if (const auto found = inside.find(rest); found != inside.end() && !found->second.archive) {
      const std::string name = region.name + "/" + rest;
      check_file_size(name, found->second.size, limits_);
      return read_member(file, found->second, name);
    }
    auto inner = inside.end();
    std::size_t slash = rest.find('/');
    for (; slash != std::string::npos && inner == inside.end(); slash = rest.find('/', slash + 1)) {
      inner = inside.find(rest.substr(0, slash));
    }
    if (inner == inside.end() || !inner->second.archive) {
      break;
    }
    rest.erase(0, inner->first.size() + 1);
    region = ArchiveRegion{.file = &file,
                           .offset = inner->second.offset,
                           .size = inner->second.size,
                           .name = region.name + "/" + inner->first};
  }
  throw UserError("{}: holds no picture '{}'; give the archive that the data set was made from", region.name,
                  printable(rest));
}

std::string RecordedPhotographs::read_listed(const fs::path& list, const std::string& image, const std::string& where) {
  auto known = lists_.find(list.string());
  if (known == lists_.end()) {
    std::set<std::string> lines;
    walk_source(list.string(), 0, [&](const PhotographPlace& place) { lines.insert(place.path); });
    known = lists_.emplace(list.string(), std::move(lines)).first;
  }
  if (!known->second.contains(image)) {
    throw UserError("{}: its photograph '{}' is not in {}; only photographs of that list are read", where,
                    printable(image), list.string());
  }
  return read_picture_file(root_of_source(list) / image, limits_);
}

const RecordedPhotographs::Members& RecordedPhotographs::members(const ArchiveRegion& region) {
  const auto known = members_.find(region.name);
  if (known != members_.end()) {
    return known->second;
  }
  LeftOutPictures left_out;
  Members members;
  for (ArchiveMember& member : members_of(region, left_out, [](std::uint64_t) {})) {
    std::string name = member.name;
    members.emplace(std::move(name), std::move(member));
  }
  return members_.emplace(region.name, std::move(members)).first->second;
}

}  // namespace samsr
