#pragma once
// What a recipe is: networks, what a step does to them, and what a checkpoint of them holds.

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/shards/sample_set.h"
#include "models/weights/safetensors.h"
#include "train/recipes/recipe_context.h"
#include "train/settings.h"
#include "train/validation/validation.h"

namespace samsr {

/// One network with an optimizer of its own.
struct Trainable {
  std::string name;            ///< "student", "discriminator": of its log keys and files
  torch::nn::Module* network;  ///< owned by the recipe, as is `average`; what requires no gradient is not trained
  torch::nn::Module* average;  ///< of the same form, for the averaged weights; null for none
  OptimizerSettings optimizer;
};

/// Part of a step: one trainable is updated once.
struct Move {
  std::size_t trainable = 0;  ///< its index in Recipe::trainables()
  bool fresh_batch = true;    ///< takes the next batch; else it sees that of the move before
};

/// One term of a loss.
struct LossTerm {
  std::string name;
  at::Tensor values;  ///< (B) float32, unweighted
  double weight = 1;  ///< in the total; 0 for a term that is only logged
};

/// Losses of one pass over B samples.
struct RecipeLosses {
  at::Tensor total;  ///< (B) float32, Σ weight · values of the terms: what is back-propagated
  std::vector<LossTerm> terms;
  /// The network's answers that the terms look at, with their graph: what train.log_term_gradients differentiates by.
  std::vector<at::Tensor> predictions;

  /// Adds a term, and weight · values to the total where there is a weight.
  void add(const std::string& name, double weight, const at::Tensor& values);
};

/// A method as training sees it. Knows nothing of ranks, optimizers or checkpoints; those loop over its trainables.
class Recipe {
 public:
  virtual ~Recipe() = default;

  /// The networks that are trained; the first is what the run is for, and its average is what is used afterwards.
  virtual const std::vector<Trainable>& trainables() const = 0;

  /// What step number `step` (from 1) does, in order. A step is one update of the first trainable; the first move takes
  /// a fresh batch. A function of `step` alone.
  virtual std::vector<Move> moves(std::int64_t step) const;

  /// Called on every rank as a move of step number `step` begins, before losses() of its passes: what changes once a
  /// move, into however many passes it is cut, such as a spectral norm's vectors. losses() is also called without, to
  /// count memory.
  virtual void begin(std::int64_t step, const Move& move);

  /// Losses of `batch`, whose tensors are on the networks' device, for the trainable of `move`; every one of its
  /// parameters must get a gradient. Deterministic: noise is a function of the seed and the batch's positions.
  virtual RecipeLosses losses(const Batch& batch, const Move& move) = 0;

  /// What batches must carry.
  virtual BatchFields fields() const { return {}; }

  /// The samples of `shards`, or of what is made while training, that train.
  virtual SampleRange samples(const SampleSet& shards) const { return {0, shards.size()}; }

  /// Adds to a batch on the CPU what is drawn or computed there, so that the threads that read ahead do it and no step
  /// waits for it. Called by several threads at once; without it losses() finds the same numbers by itself.
  virtual void prepare(Batch& batch) const;

  /// Adds to a batch on the device what the shards lack and can be computed from what they have.
  virtual void complete(Batch& batch) const;

  /// Puts in place of work on `sample` that leaves nothing in memory for the backward pass its result's like, so that a
  /// step's memory can be counted in one cheap pass.
  virtual void skip_frozen_work(Batch& sample) const;

  /// Weights that are not trained and that no checkpoint holds, on every start.
  virtual void load_frozen_weights(Log& log);

  /// Weights of a run that begins: those of a teacher or of train.init; fresh ones are left as they are.
  virtual void load_first_weights(Log& log);

  /// The file of trainable number `trainable` with `weights`, state_of() it or its average, with the metadata that
  /// other verbs need to use them. Where part of the network is frozen, of what is trained.
  virtual TensorFile file(std::size_t trainable, TensorFile weights) const = 0;

  /// UserError where such a file of a checkpoint, called `source`, does not belong to the frozen weights.
  virtual void check_part(std::size_t trainable, const TensorFile& part, const std::string& source) const;

  /// Pictures (B,3,sH,sW) in [-1,1] that the first trainable makes of a few samples on the device, with the same noise
  /// every time; undefined where it makes none.
  virtual at::Tensor predict(const Batch& batch) const;

  /// What is measured while training; null for nothing.
  virtual std::unique_ptr<Validation> make_validation(const RecipeContext& context);

  /// Lines of the run's record.
  virtual std::vector<std::pair<std::string, std::string>> facts() const { return {}; }

  /// Memory of networks that are not trained, by what they are: ("teacher", bytes).
  virtual std::vector<std::pair<std::string, double>> frozen_bytes() const { return {}; }
};

/// Batches that steps 1 … `steps` take.
std::uint64_t batches_in(const Recipe& recipe, std::int64_t steps);

}  // namespace samsr
