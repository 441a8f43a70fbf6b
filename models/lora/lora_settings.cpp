#include "models/lora/lora_settings.h"

namespace samsr {

void LoraSettings::bind(Settings& settings) {
  settings
      .add(
          "train.lora.rank", rank,
          "train low-rank adapters of this rank (LoRA) beside the layers of train.lora.targets, with the network's own "
          "weights frozen as they are at first (train.init); 0: train the whole network")
      .between(0, 4096);
  settings
      .add("train.lora.alpha", alpha,
           "α: what an adapter gives is multiplied by α / rank; 0: as the rank, which leaves it as it is")
      .between(0.0, 1e6);
  settings.add("train.lora.targets", targets,
               "linear layers and convolutions that get adapters: those whose names, or the ends of whose names behind "
               "a dot, are one of these; * stands for anything");
  settings
      .add("train.lora.init", init,
           "first adapters: a file of adapters, a checkpoint or the folder of a run; empty: fresh ones, with which the "
           "network answers as without")
      .path();
}

}  // namespace samsr
