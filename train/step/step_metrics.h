#pragma once

#include "train/report/metrics_log.h"
#include "train/step/train_step.h"

namespace samsr {

/// Fetches a step's values from the device into `metrics`: means over the global batch. Those of the first trainable
/// have plain names (loss, TERM, lr, grad_norm, grad_TERM), those of another one stand behind its name (NAME_loss, …).
/// A trainable that moved several times has the mean of its moves.
void fill(StepMetrics& metrics, const StepRecord& record, const std::vector<TrainableState>& states,
          std::int64_t global_batch);

}  // namespace samsr
