#pragma once
// Pictures that models make of a set's low-resolution images, before they are measured.

#include <filesystem>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "core/log.h"
#include "eval/measure/benchmarks.h"
#include "eval/measure/comparison.h"
#include "eval/measure/input_problems.h"
#include "eval/upscale/model_argument.h"
#include "eval/upscale/ready_model.h"

namespace samsr {

/// A model that upscales the low-resolution images before they are measured.
struct EvaluatedModel {
  std::string name;        ///< in tables
  ModelArgument argument;  ///< with its own settings; an official model brings those of its shipped configuration
};

/// UserError when a model enlarges by another factor than a set asks for.
void check_scale(const ReadyModel& model, const EvaluatedModel& evaluated, const std::vector<Benchmark>& sets);

/// UserError when a model's weights or settings do not fit, or its factor is not that of `sets`, before the models
/// ahead of it have worked for hours. Loads it on the CPU and says nothing; what it is, as PictureUpscaler::describe().
std::string try_model(const EvaluatedModel& model, const std::vector<Benchmark>& sets);

/// Lets `model` upscale the pictures of `lq` into `folder`, and resumes there (upscale_files()). What it made, without
/// its time. A picture that fails is a problem. Collective.
EvalMethod make_pictures(const ReadyModel& model, const EvaluatedModel& evaluated, const std::filesystem::path& lq,
                         const std::filesystem::path& folder, Communicator& communicator, Log& log,
                         InputProblems& problems);

}  // namespace samsr
