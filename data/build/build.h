#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "core/log.h"
#include "data/build/settings.h"
#include "data/build/stages/rollout_stage.h"

namespace samsr {

struct BuildOptions {
  /// Stages to do: stage_names(), or "all" for every one. Empty: pairs, masks, and with data.latents latents. Fields
  /// of a stage named here that were made with other settings are replaced.
  std::vector<std::string> stages{};
  /// What the stage `rollout` makes, where it is to be done.
  RolloutPlan rollout{};
  /// Chooses where the networks of masks, latents and rollouts compute; called when there are any. Empty: on the CPU.
  /// The promise of equal bytes holds for one kind of device.
  std::function<c10::Device()> device{};
};

/// Degrades the photographs of data.images into data.samples training pairs with masks' coverage and latents, in
/// shards below data.out, with manifest.json and config.yaml beside them. Sample k is a pure function of the settings,
/// the photographs and k, so the shards' bytes do not depend on the number of ranks, nor on interruptions, nor on
/// whether stages are done one by one or at once: what is complete is kept, what was being written is done again. A
/// larger data.samples extends the data set. The ranks take shard after shard as they get on with them.
/// `resolved_config`: all settings as YAML, for the record. UserError when data.out holds a data set made
/// otherwise (says what differs), no photograph can be used, the disk is full (complete shards stay), or shards
/// are left with different stages. Collective.
void build_dataset(const BuildSettings& settings, const BuildOptions& options, const std::string& resolved_config,
                   Communicator& comm, Log& log);

}  // namespace samsr
