#pragma once

#include <string>

#include "comm/communicator.h"
#include "core/log.h"
#include "data/settings.h"

namespace samsr {

/// Degrades the photographs of data.images into data.samples training pairs with masks' coverage and latents,
/// in shards below data.out, with manifest.json and config.yaml beside them. Sample k is a pure function of
/// the settings, the photographs and k, so the shards' bytes do not depend on the number of ranks nor on
/// interruptions: complete shards found in data.out are kept, what was being written is done again. A larger
/// data.samples extends the data set.
/// `resolved_config`: all settings as YAML, for the record. UserError when data.out holds a data set made
/// otherwise (says what differs), no photograph can be used, or the disk is full (complete shards stay).
/// Collective.
void build_dataset(const BuildSettings& settings, const std::string& resolved_config, Communicator& comm,
                   Log& log);

}  // namespace samsr
