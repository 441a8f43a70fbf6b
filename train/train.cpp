#include "train/train.h"

#include "train/trainer.h"

namespace samsr {

void train(const TrainConfig& config, Communicator& communicator, Log& log) {
  Trainer(config, communicator, log).run();
}

}  // namespace samsr
