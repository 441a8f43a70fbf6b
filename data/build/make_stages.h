#pragma once

#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "comm/run_settings.h"
#include "core/log.h"
#include "data/build/settings.h"
#include "data/build/stage_plan.h"
#include "data/build/stages/rollout_stage.h"
#include "data/photographs/index.h"

namespace samsr {

struct BuildOptions {
  /// Stages to do: stage_names(), or "all" for every one. Empty: pairs, masks, and with data.latents latents. Fields
  /// of a stage named here that were made with other settings are replaced.
  std::vector<std::string> stages{};
  /// Without it fields of a stage named in `stages` that were made with other settings are an error too.
  bool replace = true;
  /// What the stage `rollout` makes, where it is to be done.
  RolloutPlan rollout{};
  /// Where the networks of masks, latents and rollouts compute. The promise of equal bytes holds for one kind of
  /// device.
  RunSettings run{};
};

/// The stages of one build, with what they read.
struct BuildStages {
  std::unique_ptr<PhotographIndex> photographs{};  ///< of data.images; null where pairs are not made
  StageList list{};
};

/// The photographs that samples can be cut from, whose index lies in data.out; says once what becomes of small ones.
/// UserError as index_photographs(). Collective.
std::unique_ptr<PhotographIndex> usable_photographs(const BuildSettings& build, Communicator& comm, Log& log);

/// The stages that `options` asks for, in their order. Looks through the photographs where pairs are to be made
/// (index_photographs). UserError for a name that is no stage's, and where a stage lacks something. Collective.
BuildStages make_stages(const BuildSettings& settings, const BuildOptions& options, Communicator& comm, Log& log);

}  // namespace samsr
