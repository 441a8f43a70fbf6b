#pragma once

#include <filesystem>
#include <sstream>

#include "train/toy_recipe.h"
#include "train/trainer.h"

namespace samsr::testing {

/// Settings of a run of the toy recipe on the made-up shards of `folder`/shards, which are written when they are not
/// there: 4 images a batch in passes of 2.
TrainConfig toy_config(const std::filesystem::path& folder, const std::string& out, std::int64_t steps);

/// A run from its start or last checkpoint to its end.
struct ToyRun {
  ToyRun(const TrainConfig& settings, Communicator& communicator);

  ToyRecipe& recipe() { return static_cast<ToyRecipe&>(*run.recipe); }

  const TrainConfig config;
  std::ostringstream said;
  Log log;
  Run run;
  Trainer trainer{run};
};

}  // namespace samsr::testing
