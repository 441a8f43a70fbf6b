#pragma once
// What a shard's bytes depend on: the root attribute `content`. Each stage that the shard has is a line "[stage]"
// followed by its "key: value" lines (core/setting_lines.h).

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/setting_lines.h"

namespace samsr {

/// The stages in the order in which shards keep their fields, texts last: pairs, masks, latents, rollout.
const std::vector<std::string>& stage_names();

/// The same in the order in which they are done: latents before masks, which may be those of latents.
const std::vector<std::string>& stages_as_done();

/// The line of a stage's content that says that its masks are those of latents.
inline constexpr std::string_view kMasksOfLatents = "masks.picture: latent\n";

/// The stage that gives a field: "hr" → pairs, "coverage" → masks, "rollout/x0" → rollout. Empty for a field that
/// belongs to none.
std::string_view stage_of_field(std::string_view field);

/// Whether `stage`, whose lines are `content`, computes its fields from those of `earlier`.
bool stage_depends_on(std::string_view stage, std::string_view content, std::string_view earlier);

/// Stage → its "key: value" lines.
using StageContents = std::map<std::string, std::string>;

/// Lines before the first heading are left out.
StageContents split_content(const std::string& content);

/// The attribute, with the stages in the order of stage_names().
std::string join_content(const StageContents& contents);

/// The settings among the lines as nested YAML: the root attribute `config`. It depends on `content` alone, so that
/// a shard's bytes do not tell in how many runs its stages were made. UserError for lines that are no settings.
std::string config_of_content(const std::string& content);

}  // namespace samsr
