#pragma once

#include <torch/torch.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

namespace samsr {

/// A module without a computation of its own whose children carry the given names. The official code keeps
/// layers in nn.Sequential, where layers without parameters (SiLU, Dropout) leave gaps in the numbering, and
/// in bare nn.Modules; parameter names need the nesting, computation does not.
std::shared_ptr<torch::nn::Module> named_slots(
    std::initializer_list<std::pair<std::string, std::shared_ptr<torch::nn::Module>>> children);

}  // namespace samsr
