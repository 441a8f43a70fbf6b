#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/build/stages/stage.h"
#include "data/shards/shard.h"

namespace samsr {

/// The stages of a build, in their order.
struct StageList {
  std::vector<std::unique_ptr<Stage>> stages;
  bool named = false;  ///< the user has named them, so their fields may be replaced

  /// Null when the build has no such stage.
  const Stage* find(std::string_view name) const;
};

/// What there is to do for one shard.
struct StagePlan {
  std::set<std::string> run;   ///< stages whose fields are to be computed
  std::set<std::string> keep;  ///< stages whose fields are to be copied
};

/// Compares what a shard holds (null: it is missing) with what the build asks for. A stage is run when its fields are
/// missing, were made with other settings and the user has named it, or depend on such. UserError saying what
/// to do when a stage was made otherwise and not named, when one not asked for depends on a stage that is
/// replaced, or when a stage asked for reads fields that no stage gives.
StagePlan plan_stages(const Shard* stored, const StageList& asked);

}  // namespace samsr
