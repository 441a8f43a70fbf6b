#include "train/recipes/teacher.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/setting_lines.h"
#include "data/build/stages/rollout_settings.h"
#include "data/shards/content.h"
#include "models/weights/find_weights.h"
#include "models/weights/weights_checksum.h"

namespace samsr {
namespace {

void check_lines(const SampleSet& shards, const std::string& ours, const std::string& what) {
  const StageContents contents = split_content(shards.content());
  const auto stage = contents.find("rollout");
  const std::string theirs = stage == contents.end() ? "" : lines_with_keys_of(stage->second, ours);
  if (theirs != ours) {
    throw UserError(
        "{}: the cached rollouts do not fit {}: {}; change the setting, or make them anew with `samsr data build "
        "--stage rollout data.out={}`",
        shards.source(), what, first_difference(theirs, ours), shards.source());
  }
}

}  // namespace

void check_cached_rollouts(const SampleSet& shards, const Method& method, const ModelSettings& model) {
  if (shards.find("rollout/x0") == nullptr) {
    throw UserError(
        "{}: the shards hold no rollouts of a teacher, which train.teacher=cached needs; make them with `samsr data "
        "build --stage rollout data.out={} train.teacher_weights=TEACHER` and the settings of this run, or set "
        "train.teacher=online",
        shards.source(), shards.source());
  }
  check_lines(shards, start_lines(method, model.diffusion, model.sam), "this run");
}

void check_cached_teacher(const SampleSet& shards, const TensorFile& weights, const std::string& source) {
  check_lines(shards, fmt::format("teacher: {:08x}\n", weights_checksum(weights)), "the teacher " + source);
}

std::unique_ptr<SuperResolutionModel> load_teacher(const TrainSettings& train, const Method& method,
                                                   const ModelSettings& model, const at::Device& device, Log& log) {
  const std::filesystem::path weights =
      find_weights(required(train.teacher_weights, "train.teacher_weights", "the teacher to distil"), log);
  std::unique_ptr<SuperResolutionModel> teacher = load_teacher_model(weights, model);
  teacher->to(device);
  check_same_start(method, teacher->settings().diffusion, model.diffusion, model.sam, weights.string());
  log.info("teacher      {}", weights.string());
  return teacher;
}

}  // namespace samsr
