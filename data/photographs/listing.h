#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/progress.h"
#include "data/images/image_walk.h"
#include "data/photographs/packed_places.h"
#include "data/photographs/place.h"
#include "data/photographs/sources.h"

namespace samsr {

/// For the progress line of walk_source() and walk_images().
inline constexpr const char* kListingFiles = "listing photographs";

using VisitPlace = std::function<void(const PhotographPlace& place)>;

/// What a listing did not take, for the user to know: a line each.
using ListingRemarks = std::vector<std::string>;

/// Calls `visit` with what one source holds, archives not yet looked into: the pictures below a folder in the order of
/// walk_images(), or, where it holds none, its archives; the archive; or the lines of a list, paths relative to its
/// folder, in their order. UserError as walk_images() and kind_of_source(), and for a line of a list that is no
/// picture's name. Subfolders that cannot be read are told to `unreadable`, where that is given.
ListingRemarks walk_source(const std::string& source, std::uint32_t number, const VisitPlace& visit,
                           const UnreadableFolder& unreadable = {});

/// Looks into archives, one after another, and shows how far it is.
class ArchiveLister {
 public:
  /// `bytes`: of all archives.
  ArchiveLister(std::uint64_t bytes, Log& log);

  /// Calls `visit` with the photographs of an archive (packing kArchive) below `root`, those of archives that lie
  /// uncompressed in it included, in the order of their paths' parts. UserError as members_of(), and when archives are
  /// nested more than kDeepestArchive deep.
  ListingRemarks list(const std::filesystem::path& root, const PhotographPlace& archive, const VisitPlace& visit);
  void finish();

 private:
  Progress progress_;
  const std::uint64_t bytes_;
  std::uint64_t behind_ = 0;
};

/// Bytes of an archive; 0 when it is not there, which listing it says.
std::uint64_t archive_bytes(const std::filesystem::path& root, const PhotographPlace& archive);

inline constexpr int kDeepestArchive = 4;

/// Every photograph of one source, archives looked into. UserError where it holds none, with what was left out.
/// `unreadable` as in walk_source().
PackedPlaces photographs_of(const std::string& source, ListingRemarks& remarks, Log& log,
                            const UnreadableFolder& unreadable = {});

}  // namespace samsr
