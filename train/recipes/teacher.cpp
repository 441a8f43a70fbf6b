#include "train/recipes/teacher.h"

#include "core/error.h"
#include "data/build/stages/rollout_settings.h"
#include "data/shards/content.h"
#include "train/checkpoints/checkpoint.h"

namespace samsr {

std::unique_ptr<SuperResolutionModel> load_teacher(const TrainSettings& train, const ModelSettings& model,
                                                   const at::Device& device, Log& log) {
  const std::filesystem::path weights =
      find_weights(required(train.teacher_weights, "train.teacher_weights", "the teacher to distil"), log);
  std::unique_ptr<SuperResolutionModel> teacher = load_model(weights, model.first_stage.weights, &model).model;
  teacher->to(device);
  const std::string theirs = start_lines(train.recipe, teacher->settings().diffusion, model.sam);
  const std::string ours = start_lines(train.recipe, model.diffusion, model.sam);
  if (theirs != ours) {
    throw UserError("{}: the teacher has another schedule than this run: {}", weights.string(),
                    first_difference(theirs, ours));
  }
  log.info("teacher      {}", weights.string());
  return teacher;
}

}  // namespace samsr
