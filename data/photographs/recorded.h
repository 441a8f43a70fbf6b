#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "core/log.h"
#include "data/images/codec.h"
#include "data/photographs/archive.h"
#include "data/photographs/index.h"
#include "data/photographs/sources.h"

namespace samsr {

/// The photographs that the records of a data set name (kSourceField), read again from where they lie. A data set may
/// come from a stranger: only what the sources hold is read. Archives are listed once each, unless the build's index
/// says where in them a photograph lies. For one thread.
class RecordedPhotographs {
 public:
  /// The sources of the build, in its order, wherever they lie by now; an archive may have another name.
  RecordedPhotographs(PhotographSources sources, const ImageLimits& limits, Log& log)
      : sources_(std::move(sources)), limits_(limits), log_(log) {}

  /// The file of photograph `image` of source number `source`; `where` stands for the record in messages. UserError
  /// when there is no such source, the name leads out of it, the photograph is not there, or its file is larger than a
  /// picture within the limits may be. A link that a folder itself has is followed, and said.
  /// `listed`: the photograph as the build's index has it, or null; it spares the listing of the archive where its
  /// bytes are still those of then.
  std::string read(const std::string& image, std::uint64_t source, const std::string& where,
                   const Photograph* listed = nullptr);

 private:
  using Members = std::unordered_map<std::string, ArchiveMember>;

  std::string read_below(const std::filesystem::path& folder, const std::string& image, const std::string& where,
                         const Photograph* listed);
  std::string read_packed(const std::filesystem::path& archive, const std::string& member, const Photograph* listed);
  std::string read_listed(const std::filesystem::path& list, const std::string& image, const std::string& where);
  const Members& members(const ArchiveRegion& region);

  const PhotographSources sources_;
  const ImageLimits limits_;
  Log& log_;
  std::map<std::string, Members> members_;              ///< by the archive's name
  std::map<std::string, std::set<std::string>> lists_;  ///< lines by the list's name
};

}  // namespace samsr
