#pragma once
// The adapters of a network as a whole (models/lora/adaptable_layers.h).

#include <torch/torch.h>

#include <cstdint>

#include "models/lora/lora_settings.h"

namespace samsr {

/// Freezes the network (its parameters require no gradient any more) and adds adapters, which do, to the layers that
/// `settings.targets` name. Fresh adapters are a function of `seed` and leave the network's answers as they are;
/// torch's default generator is seeded for them. How many layers they are. UserError for a target that names none, or a
/// layer that takes no adapter.
std::int64_t add_adapters(torch::nn::Module& network, const LoraSettings& settings, std::uint64_t seed);

/// Lets `other`, a network of the same form, read the frozen parameters and the buffers of `network` in place of its
/// own, so that both lie in memory once.
void share_frozen_weights(torch::nn::Module& network, torch::nn::Module& other);

}  // namespace samsr
