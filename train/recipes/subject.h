#pragma once

#include <torch/nn/module.h>

#include <memory>

#include "models/super_resolution/super_resolution_model.h"

namespace samsr {

/// What a run trains: the network, a second one of its form that holds the averaged weights, and the file that
/// either is saved as.
class Subject {
 public:
  virtual ~Subject() = default;

  virtual torch::nn::Module& network() = 0;
  virtual torch::nn::Module& average() = 0;
  /// `weights`, state_of() one of the two, with the metadata that other verbs need to use them.
  virtual TensorFile file(TensorFile weights) const = 0;
};

/// The denoiser of `model`, whose averages are the denoiser of `average` and whose kind in model_file() is average's;
/// both outlive the subject.
std::unique_ptr<Subject> make_denoiser_subject(SuperResolutionModel& model, LoadedModel& average);

}  // namespace samsr
