#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "data/build/settings.h"
#include "data/photographs/index.h"
#include "data/photographs/order.h"

namespace samsr {

/// Where the photographs of a data set's samples lay when it was built, by the index beside its shards: a hint, that
/// spares listing archives again.
class ListedPhotographs {
 public:
  /// `settings`: that the shards record. An index that is missing or damaged gives no hints.
  ListedPhotographs(const std::filesystem::path& folder, const DataSettings& settings);

  /// The photograph that sample `index` was cut from; nothing where the index does not tell.
  std::optional<Photograph> of_sample(std::uint64_t index) const;

 private:
  const DataSettings settings_;
  std::unique_ptr<const PhotographIndex> photographs_;
};

}  // namespace samsr
