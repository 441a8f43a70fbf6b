#include "train/step/step_metrics.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

namespace samsr {
namespace {

using Named = std::vector<std::pair<std::string, double>>;

/// What the moves of one trainable left.
struct TrainableMetrics {
  Named losses;
  Named details;  ///< but for lr and grad_norm, whose place is the first trainable's own
  double learning_rate = 0;
  double gradient_norm = 0;
  bool moved = false;
};

/// Adds `value`'s part of a mean over `count` moves.
void add_part(Named& values, const std::string& name, double value, double count) {
  const auto found = std::ranges::find(values, name, &Named::value_type::first);
  if (found == values.end()) {
    values.emplace_back(name, value / count);
  } else {
    found->second += value / count;
  }
}

TrainableMetrics metrics_of(std::size_t trainable, const std::string& prefix, const StepRecord& record,
                            double global_batch) {
  const auto moves = static_cast<double>(std::ranges::count(record, trainable, &MoveRecord::trainable));
  TrainableMetrics found;
  for (const MoveRecord& move : record) {
    if (move.trainable != trainable) {
      continue;
    }
    const at::Tensor sums = move.total.cpu();
    for (std::size_t i = 0; i < move.names.size(); ++i) {
      add_part(found.losses, prefix + move.names[i], sums[static_cast<std::int64_t>(i)].item<double>() / global_batch,
               moves);
    }
    for (std::size_t i = 0; i < move.weighted.size(); ++i) {
      add_part(found.details, prefix + "grad_" + move.weighted[i],
               move.term_gradients[static_cast<std::int64_t>(i)].item<double>(), moves);
    }
    found.learning_rate = move.learning_rate;
    found.gradient_norm += move.gradient_norm.item<double>() / moves;
    found.moved = true;
  }
  return found;
}

}  // namespace

void fill(StepMetrics& metrics, const StepRecord& record, const std::vector<TrainableState>& states,
          std::int64_t global_batch) {
  for (std::size_t trainable = 0; trainable < states.size(); ++trainable) {
    const std::string prefix = trainable == 0 ? "" : states[trainable].name() + "_";
    const TrainableMetrics found = metrics_of(trainable, prefix, record, static_cast<double>(global_batch));
    if (!found.moved) {
      continue;
    }
    metrics.losses.insert(metrics.losses.end(), found.losses.begin(), found.losses.end());
    if (trainable == 0) {
      metrics.learning_rate = found.learning_rate;
      metrics.gradient_norm = found.gradient_norm;
    } else {
      metrics.details.emplace_back(prefix + "lr", found.learning_rate);
      metrics.details.emplace_back(prefix + "grad_norm", found.gradient_norm);
    }
    metrics.details.insert(metrics.details.end(), found.details.begin(), found.details.end());
  }
  metrics.skipped = std::ranges::any_of(record, [](const MoveRecord& move) { return move.skipped.item<float>() != 0; });
}

}  // namespace samsr
