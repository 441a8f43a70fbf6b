#include "eval/measure/model_pictures.h"

#include <sstream>

#include "core/error.h"
#include "eval/upscale/upscale.h"

namespace samsr {

void check_scale(const ReadyModel& model, const EvaluatedModel& evaluated, const std::vector<Benchmark>& sets) {
  for (const Benchmark& set : sets) {
    if (model.upscaler().scale() != set.scale) {
      throw UserError("--model {}: enlarges {} times, but {} is measured at {} (eval.scale)", evaluated.argument.path,
                      model.upscaler().scale(), set.title, set.scale);
    }
  }
}

std::string try_model(const EvaluatedModel& model, const std::vector<Benchmark>& sets) {
  std::ostringstream unheard;  // it says what it has to say when its turn comes
  Log log(unheard, /*rank=*/0, /*ranks=*/1, /*terminal=*/false);
  const auto ready = ready_model(model.argument, at::kCPU, log);
  check_scale(*ready, model, sets);
  return ready->upscaler().describe();
}

EvalMethod make_pictures(const ReadyModel& model, const EvaluatedModel& evaluated, const std::filesystem::path& lq,
                         const std::filesystem::path& folder, Communicator& communicator, Log& log,
                         InputProblems& problems) {
  EvalMethod made;
  made.name = evaluated.name;
  made.folder = folder;
  made.source = source_of(evaluated.argument);
  made.parameters = model.millions_of_parameters();
  try {
    upscale_files(
        model.upscaler(), [&] { return model.record(); }, evaluated.argument.upscale, lq, folder, communicator, log);
  } catch (const UserError& error) {
    problems.add(error.what());
  }
  return made;
}

}  // namespace samsr
