#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "comm/communicator.h"
#include "support/temporary_folder.h"

namespace samsr::testing {

/// One temporary folder for all ranks, removed when all have come to its end.
class CommonFolder {
 public:
  explicit CommonFolder(Communicator& ranks) : ranks_(ranks) {
    if (ranks.rank() == 0) {
      made_.emplace();
    }
    path_ = ranks.gather(made_ ? made_->path().string() : "").front();
  }
  ~CommonFolder() { ranks_.barrier(); }
  CommonFolder(const CommonFolder&) = delete;
  CommonFolder& operator=(const CommonFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  Communicator& ranks_;
  std::optional<TemporaryFolder> made_;  ///< of the first rank
  std::filesystem::path path_;
};

}  // namespace samsr::testing
