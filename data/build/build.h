#pragma once

#include <string>

#include "comm/communicator.h"
#include "core/log.h"
#include "data/build/make_stages.h"
#include "data/build/settings.h"

namespace samsr {

/// File beside the shards: all settings of the build that wrote them last.
inline constexpr const char* kBuildConfigFile = "config.yaml";

/// Degrades the photographs of data.images into data.samples (times data.passes) training pairs with masks' coverage
/// and latents, in shards below data.out, with manifest.json and config.yaml beside them. Sample k is a pure function
/// of the settings, the photographs and k, so the shards' bytes do not depend on the number of ranks, nor on
/// interruptions, nor on whether stages are done one by one or at once: what is complete is kept, what was being
/// written is done again. A larger data.samples extends the data set. The ranks take shard after shard as they get on
/// with them. `resolved_config`: all settings as YAML, for the record. UserError when data.out holds a data set made
/// otherwise (says what differs), no photograph can be used, the disk is full (complete shards stay), or shards
/// are left with different stages. Collective.
void build_dataset(const BuildSettings& settings, const BuildOptions& options, const std::string& resolved_config,
                   Communicator& comm, Log& log);

/// build_dataset() with stages that are made already.
void build_with_stages(const BuildSettings& settings, BuildStages stages, const std::string& resolved_config,
                       Communicator& comm, Log& log);

}  // namespace samsr
