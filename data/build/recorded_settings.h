#pragma once
// How a data set was made, read back from it.

#include <filesystem>
#include <string>
#include <vector>

#include "core/settings.h"
#include "data/shards/shard.h"

namespace samsr {

/// Sets what a shard records of how its stages were made (its attribute `content`). UserError naming the shard when it
/// records no pairs, or what it records is no setting of this version.
void load_recorded_settings(const Shard& shard, Settings& settings);

/// Sets all that the build's config.yaml in `folder` says, where it is there: of what shards do not record, such as
/// where photographs and weights lie, the only trace.
void load_build_config(const std::filesystem::path& folder, Settings& settings);

/// Where photographs and weights lie by the build's config.yaml in `folder`, as YAML settings: a stage that is added to
/// the set needs, and names, only some of them. Empty where that file is not there.
std::string recorded_places(const std::filesystem::path& folder);

/// The stages that a shard has, in their order.
std::vector<std::string> recorded_stages(const Shard& shard);

/// UserError naming the first setting of `stage` that `lines`, its "key: value" lines now, give another value than
/// `shard` records; keys that the shard lacks, of a later version, do not count.
void check_as_recorded(const Shard& shard, const std::string& stage, const std::string& lines);

}  // namespace samsr
