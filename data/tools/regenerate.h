#pragma once

#include <filesystem>

#include "comm/communicator.h"
#include "core/log.h"
#include "data/build/make_stages.h"
#include "data/build/settings.h"
#include "data/tools/sample_selection.h"

namespace samsr {

/// What `data regenerate` makes again.
struct RegenerateRequest {
  std::filesystem::path folder{};  ///< of the shards
  SampleSelection range{};
  bool compare = false;         ///< every byte of every stage; else the pairs alone (hr, lr, source)
  std::filesystem::path out{};  ///< where the pairs are written too, as `data export` names them; empty for nowhere
};

/// Makes samples of a data set again and compares them with those stored. `settings`: what the shards record
/// (load_recorded_settings), and where the weights of their stages lie; data.images is the folder of the photographs,
/// empty for the one that the data set was built from. `options`: how rollouts are made, and where networks compute.
/// One line at the end says that nothing differs; else the first samples that do are named, one line each, and a
/// UserError gives their number. Photographs that cannot be read are such lines as well. Complete in any case: pairs
/// that differ are written to `out` all the same. UserError before anything is made when the range lies outside the
/// data set, the photographs' folder is not known, or settings or weights are not those recorded. The ranks share the
/// samples. Collective.
void regenerate(const RegenerateRequest& request, const BuildSettings& settings, const BuildOptions& options,
                Communicator& comm, Log& log);

}  // namespace samsr
