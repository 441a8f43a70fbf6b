#include "train/recipes/cached_rollouts.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/setting_lines.h"
#include "data/build/stages/rollout_settings.h"
#include "data/shards/content.h"
#include "models/weights/weights_checksum.h"

namespace samsr {
namespace {

void check_lines(const ShardSet& shards, const std::string& ours, const std::string& what) {
  const StageContents contents = split_content(shards.header().content);
  const auto stage = contents.find("rollout");
  const std::string theirs = stage == contents.end() ? "" : lines_with_keys_of(stage->second, ours);
  if (theirs != ours) {
    throw UserError(
        "{}: the kept rollouts do not fit {}: {}; change the setting, or make them anew with `samsr data build "
        "--stage rollout data.out={}`",
        shards.folder().string(), what, first_difference(theirs, ours), shards.folder().string());
  }
}

}  // namespace

void check_kept_rollouts(const ShardSet& shards, const std::string& recipe, const ModelSettings& model) {
  if (shards.find("rollout/x0") == nullptr) {
    throw UserError(
        "{}: the shards hold no rollouts of a teacher, which train.teacher=cached needs; make them with `samsr data "
        "build --stage rollout data.out={} train.teacher_weights=TEACHER` and the settings of this run, or set "
        "train.teacher=online",
        shards.folder().string(), shards.folder().string());
  }
  check_lines(shards, start_lines(recipe, model.diffusion, model.sam), "this run");
}

void check_kept_teacher(const ShardSet& shards, const TensorFile& weights, const std::string& source) {
  check_lines(shards, fmt::format("teacher: {:08x}\n", weights_checksum(weights)), "the teacher " + source);
}

}  // namespace samsr
