#pragma once

#include <torch/torch.h>

namespace samsr {

/// Lays the module's convolution weights out channels last, in place. Convolutions then work on activations of
/// that layout, which in bf16 on a CPU takes half the time. Values and names stay.
void use_channels_last(torch::nn::Module& module);

}  // namespace samsr
