#include "train/run/train.h"

#include <c10/util/Exception.h>

#include "core/error.h"
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
  } catch (const c10::Error& error) {
    // The CPU's allocator throws the plain type, and says so only in its words.
    const std::string what = error.what_without_backtrace();
    if (dynamic_cast<const c10::OutOfMemoryError*>(&error) == nullptr &&
        what.find("can't allocate memory") == std::string::npos) {
      throw;
    }
    throw UserError("out of memory: lower train.microbatch (now {}), or turn train.checkpoint_activations on",
                    config.train.microbatch);
  }
}

}  // namespace samsr
