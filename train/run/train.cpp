#include "train/run/train.h"

#include "core/error.h"
#include "data/images/picture_failure.h"
#include "train/run/dry_run.h"

namespace samsr {

void train(const TrainConfig& config, Communicator& communicator, Log& log) {
  try {
    Run run(config, recipes(), communicator, log);
    Trainer trainer(run);
    if (config.dry_run) {
      dry_run(run, trainer);
    } else {
      trainer.run();
    }
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) {
      throw;
    }
    throw UserError("out of memory: lower train.microbatch (now {}), or turn train.checkpoint_activations on",
                    config.train.microbatch);
  }
}

}  // namespace samsr
