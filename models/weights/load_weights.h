#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/weights/safetensors.h"

namespace samsr {

/// A tensor that a network needs.
struct WantedWeight {
  std::string name;
  std::vector<std::int64_t> shape;
  at::ScalarType type = at::kFloat;  ///< a file may hold another floating-point type for one, another integer for one
};

using NamedWeights = std::map<std::string, at::Tensor>;

/// The tensors of `file` by name, after a check that they are those `wanted`. UserError naming `source`, the file,
/// and `network` when a tensor is missing, superfluous, of another shape or of integers in
/// place of floating-point numbers (quantised weights mean nothing without their scale) or the reverse: the first few
/// of each by name, and how many more; and when a number is not finite.
NamedWeights fitting_weights(const TensorFile& file, const std::vector<WantedWeight>& wanted, const std::string& source,
                             const std::string& network);

/// True for the tensors that official files carry although they follow from the settings: the windows' position indices
/// and masks. A file may leave them out.
bool follows_from_settings(const std::string& name);

/// Copies every tensor of `file` into the parameter or buffer of its name, converting the number type. UserError as
/// from fitting_weights(), but that what follows_from_settings() may be missing, and where it is there must be what the
/// module has already; `module` is then unchanged. Adapters of the module, which are not in the file of their base,
/// stay as they are.
void load_weights(torch::nn::Module& module, const TensorFile& file, const std::string& source);

using NamedParameters = std::vector<std::pair<std::string, at::Tensor>>;

/// The parameters that require a gradient: all of them but where some are frozen.
NamedParameters trained_parameters(const torch::nn::Module& module);

/// Copies the tensors of `file` into `parameters`, as load_weights() does. UserError unless the file has these and no
/// others.
void load_parameters(const NamedParameters& parameters, const TensorFile& file, const std::string& source);

/// Parameters, then buffers, under their names, on the CPU, contiguous; floating point ones as float32. Copies:
/// later training does not change them.
TensorFile state_of(const torch::nn::Module& module);

/// state_of() without copies of the parameters, which stay in the module's memory as long as they are float32. Buffers,
/// which a forward pass may change, are copies.
TensorFile view_of(const torch::nn::Module& module);
/// The same of these parameters alone.
TensorFile view_of(const NamedParameters& parameters);

/// The same tensors on the CPU, contiguous, in memory of their own.
TensorFile copy_of(const TensorFile& file);

}  // namespace samsr
