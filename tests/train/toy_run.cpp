#include "train/toy_run.h"

#include "support/shards.h"

namespace samsr::testing {

TrainConfig toy_config(const std::filesystem::path& folder, const std::string& out, std::int64_t steps) {
  if (!std::filesystem::exists(folder / "shards")) {
    write_numbered_set(folder / "shards", 20, 5, /*latents=*/false);
  }
  TrainConfig config;
  config.run = {.device = "cpu", .threads = 1};
  config.model.scale = 2;
  config.train.recipe = "toy";
  config.train.shards = folder / "shards";
  config.train.out = folder / out;
  config.train.steps = steps;
  config.train.global_batch = 4;
  config.train.microbatch = 2;
  config.train.optimizer.lr = 0.05;
  config.train.milestones = {};
  config.train.ema_rate = 0.5;
  config.train.tensorboard = false;
  config.train.timeout = 0;
  return config;
}

ToyRun::ToyRun(const TrainConfig& settings, Communicator& communicator)
    : config(settings),
      log(said, communicator.rank(), communicator.size(), false),
      run(config, kToyTable, communicator, log) {}

}  // namespace samsr::testing
