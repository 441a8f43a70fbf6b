#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "models/weights/safetensors.h"
#include "train/settings.h"

namespace samsr {

/// AdamW (decoupled weight decay) on ATen's fused kernel, which updates all parameters in one call.
class AdamW {
 public:
  /// `parameters`: fp32 leaves with their names; their gradients must be defined at every step. `settings`: but for
  /// rate and clip.
  AdamW(std::vector<std::string> names, std::vector<at::Tensor> parameters, const OptimizerSettings& settings);

  /// skip () float32 on the parameters' device: 1 leaves weights and moments as they are, without the host asking.
  void step(double learning_rate, const at::Tensor& skip);

  /// First and second moments and the step count, named "exp_avg.NAME", "exp_avg_sq.NAME", "step".
  TensorFile state() const;
  /// UserError naming `source` when the moments do not fit the parameters, or are not finite.
  void load_state(const TensorFile& state, const std::string& source);

 private:
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> exp_avg_;
  std::vector<at::Tensor> exp_avg_sq_;
  at::Tensor step_;  ///< () float32, updates made
  const OptimizerSettings settings_;
};

}  // namespace samsr
