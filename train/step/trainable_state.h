#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "comm/gradient_exchange.h"
#include "models/weights/load_weights.h"
#include "train/checkpoints/checkpoint.h"
#include "train/recipes/recipe.h"
#include "train/step/adamw.h"
#include "train/step/ema.h"

namespace samsr {

/// One trainable at work on one rank: the exchange of its gradients, its optimizer, its average. Parameters that are
/// frozen when it is made take no part in any of these, nor in checkpoints.
class TrainableState {
 public:
  /// `index`: in the trainables of `recipe`, which outlives the state.
  TrainableState(const Recipe& recipe, std::size_t index, double ema_rate);

  const std::string& name() const { return trainable_.name; }
  const OptimizerSettings& optimizer_settings() const { return trainable_.optimizer; }
  const std::vector<at::Tensor>& parameters() const { return parameters_; }
  std::int64_t parameter_count() const;
  bool has_average() const { return trainable_.average != nullptr; }

  /// Takes weights, average and moments from the parts of a checkpoint. UserError naming `folder` when they do not fit.
  void load(const Checkpoint& checkpoint, const std::string& folder);
  /// Adds its parts to a checkpoint. Weights, averages and moments are views of the memory that the next update
  /// changes.
  void save(Checkpoint& checkpoint) const;

  /// The average starts anew from the weights as they are.
  void start_average();
  /// Rank 0's weights go to all ranks, and gradients are averaged over them from now on. Collective.
  void connect(Communicator& communicator, const ExchangeOptions& options = {});
  GradientExchange& exchange() { return *exchange_; }

  /// Whether a backward pass leaves gradients in its parameters.
  void require_gradients(bool required);
  void zero_gradients();
  /// Global norm of the gradients: () float64.
  at::Tensor gradient_norm() const;
  /// Scales the gradients, whose norm is `norm`, down to the largest one allowed.
  void clip(const at::Tensor& norm);
  /// skip () float32: 1 leaves weights and moments as they are, without the host asking.
  void update(double learning_rate, const at::Tensor& skip) { optimizer_.step(learning_rate, skip); }
  void update_average(const at::Tensor& skip);
  /// Lets the memory of the gradients go, where the exchange does not keep it.
  void free_gradients();

 private:
  std::vector<at::Tensor> gradients() const;
  /// The parameters of the average that are averaged, in the order of parameters().
  NamedParameters averages() const;
  /// Into `network`, whose trained parameters are `trained`, from a part of a checkpoint.
  void load_part(torch::nn::Module& network, const NamedParameters& trained, const TensorFile& part,
                 const std::string& source) const;

  const Recipe& recipe_;
  const std::size_t index_;
  const Trainable trainable_;
  const double ema_rate_;
  const NamedParameters named_;
  const std::vector<at::Tensor> parameters_;  ///< the same without names
  const bool frozen_;                         ///< the network has others
  AdamW optimizer_;
  std::optional<Ema> ema_;                      ///< none without an average
  std::unique_ptr<GradientExchange> exchange_;  ///< null until connect()
};

/// Those of all trainables of `recipe`.
std::vector<TrainableState> make_states(const Recipe& recipe, double ema_rate);

}  // namespace samsr
